# A namespace package has portions in the executable and, once `sys.path` names it, on disk.
#| SameAsPython
import os
import pathlib
import sys

import space
import space.part.leaf

print(space.__file__ if hasattr(space, "__file__") else None, space.__spec__.origin, space.__spec__.loader is not None, list(space.__path__))
print(space.part.leaf.VALUE, repr(space).partition(" (")[0])
folder = pathlib.Path("added/space")
folder.mkdir(parents=True)
(folder / "late.py").write_text("VALUE = 'from disk'\n")
sys.path.append(os.path.abspath("added"))
import space.late

print(space.late.VALUE, len(space.__path__), space.late.__file__)
try:
    import space.nothing
except ModuleNotFoundError as error:
    print(error, error.name)
