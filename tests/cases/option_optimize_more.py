# -OO leaves docstrings out, too, in the standard library as well.
#| Freeze: -OO
#| Python: -OO
#| SameAsPython
import sys

assert False, "never"
print(__debug__, sys.flags.optimize, sys._getframe.__doc__ is not None)


def documented():
    """Words."""


print(documented.__doc__)
import json
import textwrap

print(json.dumps.__doc__, textwrap.dedent.__doc__, json.__doc__)
