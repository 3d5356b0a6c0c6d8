VALUE = "ö"
