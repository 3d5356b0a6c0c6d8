anything = "the own module"
