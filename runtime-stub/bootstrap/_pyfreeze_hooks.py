"""A word in the start-up snapshot of a program that pyfreeze freezes; without effect in every other process.

A build with `--snapshot app` imports the program's modules and writes the process down; each start continues from
there. Modules that take something of the machine when they are imported (a connection, a number drawn once, the time)
are left out of the snapshot and run at each start, unless they say here how they come along:

    import pyfreeze

    @pyfreeze.before_snapshot
    def disconnect(): ...

    @pyfreeze.after_restore
    def connect(): ...

Under plain python, and in an executable that starts without a snapshot, the functions are never called: the module's
own body has just done all that is to be done. Every executable of pyfreeze has this module, unless the program brings
a module of that name itself; `pip install pyfreeze-hooks` gives it to plain python.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Function = TypeVar("Function", bound=Callable[[], object])

__all__ = ["after_restore", "before_snapshot", "is_building_snapshot"]

# Read by the build, which knows this module by both lists.
_before_snapshot: "list[Callable[[], object]]" = []
_after_restore: "list[Callable[[], object]]" = []


def before_snapshot(function: "Function") -> "Function":
    """Has `function` called at build time, without arguments, once all imports for the snapshot are done.

    It gives back what a snapshot can't hold: files, connections, threads, anything secret. Functions are called in
    the order of their registration; an exception leaves the program's modules out of the snapshot, and the build says
    so.
    """
    _before_snapshot.append(function)
    return function


def after_restore(function: "Function") -> "Function":
    """Has `function` called, without arguments, in each process that starts from the snapshot, before the program's
    main.

    It makes again what belongs to the process. Functions are called in the order of their registration; an exception
    ends the program as one of an import would.
    """
    _after_restore.append(function)
    return function


def is_building_snapshot() -> bool:
    """Whether this process is to become a snapshot: true at build time, while modules are imported for it."""
    return hasattr(sys, "_pyfreeze_is_recording")
