"""Work for children, importable by them; also run as `-m jobs`."""

import os
import sys

# Where `-m jobs` finds this module under python: its folder; frozen, that is the executable, and any folder will do.
FOLDER = os.path.dirname(os.path.abspath(__file__)) if not getattr(sys, "frozen", False) else None


def cube(number):
    """The third power."""
    return number**3


def put(queue, text):
    """Sends `text` to the parent."""
    queue.put(text)


def store(shared):
    """Writes into a manager's dictionary."""
    shared["stored"] = [1, 2, 3]


if __name__ == "__main__":
    print("jobs", sys.argv[1:])
