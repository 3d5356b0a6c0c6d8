"""Runs the program that `pyfreeze extract` has written beside this file: `python THIS_FOLDER ARGUMENTS`.

Its files lie in `root` as they were before they were frozen. The standard library in there is for reading: the program runs
with that of the Python which runs this.
"""

import importlib.machinery
import os
import sys

# <settings>

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "root")


def place(path):
    return os.path.normpath(os.path.join(ROOT, path))


def check_python():
    if list(sys.version_info[:2]) != PYTHON or sys.implementation.name != "cpython":
        wanted, found = (".".join(map(str, version)) for version in (PYTHON, sys.version_info[:2]))
        sys.exit(f"error: this program was frozen with CPython {wanted} and runs with no other: this is {sys.implementation.name} {found}")


def set_options():
    """Options that were given when it was frozen; Python takes them on its command line only."""
    missing = [option for option in OPTIONS if option not in sys.orig_argv]
    if missing:
        os.execv(sys.executable, [sys.executable, *missing, *sys.orig_argv[1:]])


def set_path():
    """The program's own path around the standard library, without what is installed for this Python."""
    library = SEARCH_PATH.index(LIBRARY) if LIBRARY in SEARCH_PATH else len(SEARCH_PATH)
    installed = ("site-packages", "dist-packages")
    host = [path for path in sys.path if os.path.abspath(path) != HERE and os.path.basename(path) not in installed]
    first, last = SEARCH_PATH[:library], SEARCH_PATH[library + 1 :]
    sys.path[:] = [*map(place, first), *host, *map(place, last)]


def find():
    """The loader of what is run, its code, and the spec that python would give it."""
    path = place(ENTRY_POINT)
    if IS_FOLDER:
        sys.argv[0] = path
        spec = importlib.machinery.PathFinder.find_spec("__main__", [path])
        return spec.loader, spec.loader.get_code("__main__"), spec
    sys.argv[0] = path
    if os.path.exists(path):
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        return importlib.machinery.SourceFileLoader("__main__", path), code, None
    loader = importlib.machinery.SourcelessFileLoader("__main__", path.removesuffix(".py") + ".pyc")
    return loader, loader.get_code("__main__"), None


def run():
    loader, code, spec = find()
    main = sys.modules["__main__"].__dict__
    kept = {name: main[name] for name in ("__name__", "__builtins__")}
    main.clear()
    main.update(kept, __doc__=None, __loader__=loader, __spec__=spec, __package__="" if spec else None)
    main.update(__file__=loader.path, __cached__=spec.cached if spec else None)
    exec(code, main)


check_python()
set_options()
set_path()
run()
