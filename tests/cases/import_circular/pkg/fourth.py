from .third import OTHER
VALUE = 1
