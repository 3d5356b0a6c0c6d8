# A program's own module `pyfreeze` is not taken for that of the executable.
#| SameAsPython
import pyfreeze
from pyfreeze import anything

print(pyfreeze.__file__, anything)
