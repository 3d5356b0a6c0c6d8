# Circular imports work or fail as they do from disk.
#| SameAsPython
#| Args: fine
#| Args: partial
#| Args: attribute
import sys

if sys.argv[1] == "fine":
    import pkg.first

    print(pkg.first.VALUE, pkg.second.VALUE)
elif sys.argv[1] == "partial":
    import pkg.third
else:
    import pkg.fifth
