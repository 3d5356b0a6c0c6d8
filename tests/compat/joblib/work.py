"""What the workers do: a module of its own, because spawned children can't import a folder's `__main__`."""

import numpy as np


class Failure(Exception):
    """Travels from a worker to its parent."""


def norm(array):
    """One number of an array."""
    return float(np.linalg.norm(array))


def column_sum(array, column):
    """Another."""
    return float(array[:, column].sum()), type(array).__name__


def fails(number):
    """Always, with a number."""
    raise Failure(f"no {number}")
