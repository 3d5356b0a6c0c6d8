import warnings


def fail(number):
    """Fails."""
    values = [1, 2]
    return sum(values) / (number * values[0])


def recurse(depth):
    if depth == 0:
        raise LookupError("at the bottom")
    recurse(depth - 1)


def warn():
    warnings.warn("from a module", stacklevel=2)
