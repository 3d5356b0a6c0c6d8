VALUE = "模块"
