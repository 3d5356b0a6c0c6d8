from . import first
VALUE = 2
