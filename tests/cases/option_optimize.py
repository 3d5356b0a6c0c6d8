# -O leaves asserts out, and says so.
#| Freeze: -O
#| Python: -O
#| SameAsPython
import sys

assert False, "never"
print(__debug__, sys.flags.optimize, sys._getframe.__doc__ is not None)


def documented():
    """Words."""


print(documented.__doc__)
