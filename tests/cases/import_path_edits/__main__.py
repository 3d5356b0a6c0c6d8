# `__path__` and `sys.path` may be edited: new entries count, whether in the executable or on disk.
#| SameAsPython
import os
import sys

import pkg

pkg.__path__.append(os.path.join(pkg.__path__[0], "hidden"))
import pkg.secret

print(pkg.secret.VALUE, pkg.secret.__file__)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "extra"))
import from_extra

print(from_extra.VALUE)
os.makedirs("disk")
with open("disk/from_disk.py", "w") as file:
    file.write("VALUE = __file__\n")
with open("disk/colorsys.py", "w") as file:
    file.write("VALUE = 'shadows'\n")
sys.path.insert(0, os.path.abspath("disk"))
import colorsys
import from_disk

print(from_disk.VALUE, colorsys.VALUE)
sys.path.remove(os.path.abspath("disk"))
sys.path.append(os.path.abspath("disk"))
del sys.modules["colorsys"]
import colorsys

# Python would write `disk/__pycache__`; a frozen program writes no bytecode anywhere.
print(hasattr(colorsys, "VALUE"))
