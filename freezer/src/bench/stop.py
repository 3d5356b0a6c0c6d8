"""Ends a program early: the module with which a program begins that `pyfreeze bench --until…` measures.

`UNTIL` is put before this text: the name of the module after whose import the process ends, or None for the end before the
program's first statement. `STATUS` is the exit status that says so.
"""

import sys

import posix

is_recording = getattr(sys, "_pyfreeze_is_recording", False)


def stop():
    write = getattr(sys.modules.get("_pyfreeze_bench_recorder"), "write", None)
    if write is not None:
        write()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    posix._exit(STATUS)


class StoppingLoader:
    """The module's own loader, and the end when it has run the module."""

    def __init__(self, loader):
        self.loader = loader

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        stop()


class StoppingFinder:
    """Finds nothing itself, but the loader of one module stops the process."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        if fullname != UNTIL:
            return None
        for finder in [finder for finder in sys.meta_path if finder is not StoppingFinder]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = StoppingLoader(spec.loader)
                return spec
        return None


if not is_recording:
    if UNTIL is None or UNTIL in sys.modules:
        stop()
    sys.meta_path.insert(0, StoppingFinder)
