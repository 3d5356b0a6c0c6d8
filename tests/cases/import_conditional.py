# Type-checking imports, fallbacks and function-level imports do what they do from disk.
#| SameAsPython
from __future__ import annotations

import typing

if typing.TYPE_CHECKING:
    import a_package_nobody_has

try:
    import another_package_nobody_has as chosen
except ImportError:
    import bisect as chosen


def later():
    import sched

    return sched.scheduler.__name__


def value() -> a_package_nobody_has.Thing:
    return later()


print(chosen.__name__, value(), __import__("fractions").Fraction(1, 3))
