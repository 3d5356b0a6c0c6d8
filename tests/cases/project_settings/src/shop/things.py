class Thing:
    name = "a thing"
