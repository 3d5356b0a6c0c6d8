from .fourth import VALUE
