# A project's module named like a standard one wins, as it does when its folder is first on sys.path.
#| SameAsPython
import random

print(random.__file__, hasattr(random, "randrange"))
