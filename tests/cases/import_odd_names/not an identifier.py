VALUE = "run"
