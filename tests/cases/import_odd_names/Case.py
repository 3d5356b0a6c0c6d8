VALUE = "upper"
