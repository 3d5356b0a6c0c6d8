VALUE = "lower"
