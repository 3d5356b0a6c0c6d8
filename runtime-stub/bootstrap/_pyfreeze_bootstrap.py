"""The frozen import bootstrap: imports from the payload, with importlib's own protocol.

Comes in: the builtin module `_pyfreeze` (native lookup in the payload's tree). Goes out: a finder on
`sys.meta_path`, a hook on `sys.path_hooks`, a loader with everything that `SourceFileLoader` offers.

The stub runs this module twice in a process: its body before the standard library can be imported (only builtin
modules and `_frozen_importlib` exist then, which is why nothing is imported from the library here), and
`finish()` when the interpreter is initialised.
"""

import sys
import _frozen_importlib
import _frozen_importlib_external
import _pyfreeze

# What `importlib._bootstrap._install_external_importers` is going to do once more: the loader below derives
# from `SourceFileLoader` and specs ask importlib for `cached`, both before that point.
_frozen_importlib_external._set_bootstrap_module(_frozen_importlib)
_frozen_importlib._bootstrap_external = _frozen_importlib_external

_ModuleSpec = _frozen_importlib.ModuleSpec
_find = _pyfreeze.find

# The script or folder that this process is to run, and code objects by entry; both for recorder.py.
run_path = None
_ready_codes = {}

# Modules that need a word about the virtual root once they have run; see `_pyfreeze_adapters`.
_ADAPTED = frozenset(
    {"certifi.core", "ctypes.util", "importlib.resources._common", "multiprocessing.spawn", "threadpoolctl"}
)


class PayloadLoader(_frozen_importlib_external.SourceFileLoader):
    """Loads one module from the payload.

    A `SourceFileLoader` to everyone who asks (`isinstance`, `name`, `path`), because its source file can be
    opened like any other; only the code bytes come from the payload instead of `__pycache__`.
    """

    def __init__(self, fullname, path, entry):
        # As FileLoader.__init__; spelled out because a super() call costs on every import.
        self.name = fullname
        self.path = path
        self._entry = entry

    def get_code(self, fullname):
        """The module's code object: the one that a snapshot has brought along, or unmarshalled from the payload."""
        self._check(fullname)
        # Stays there: to free it would cost copies of its pages.
        code = _ready_codes.get(self._entry)
        return _pyfreeze.code(self._entry) if code is None else code

    def get_source(self, fullname):
        """The source text, or None when sources were left out of the executable."""
        self._check(fullname)
        data = _pyfreeze.data(self._entry)
        return None if data is None else _frozen_importlib_external.decode_source(data)

    def get_data(self, path):
        """The bytes of a file of the payload, or of one on disk."""
        entry = _pyfreeze.entry(str(path))
        data = None if entry is None else _pyfreeze.data(entry)
        return super().get_data(path) if data is None else data

    def get_resource_reader(self, name):
        """`importlib.resources` sees the package's folder in the payload."""
        self._check(name)
        from importlib.readers import FileReader

        return FileReader(self)

    def set_data(self, path, data, *, _mode=0o666):
        """Nothing is ever written: the payload is read-only and needs no bytecode cache."""

    def _check(self, fullname):
        if fullname is not None and fullname != self.name:
            raise ImportError(f"loader for {self.name} cannot handle {fullname}", name=fullname)


class AdaptedLoader(PayloadLoader):
    """Loads a module that is told about the virtual root right after it has run."""

    def exec_module(self, module):
        super().exec_module(module)
        import _pyfreeze_adapters

        _pyfreeze_adapters.adapt(module)


def _spec(fullname, found):
    entry, origin, cached, directory = found
    if entry is None:
        loader = _frozen_importlib_external.ExtensionFileLoader(fullname, origin)
        return _frozen_importlib_external.spec_from_file_location(
            fullname, origin, loader=loader, submodule_search_locations=None if directory is None else [directory]
        )
    loader = (AdaptedLoader if fullname in _ADAPTED else PayloadLoader)(fullname, origin, entry)
    spec = _ModuleSpec(fullname, loader, origin=origin)
    spec._set_fileattr = True
    spec._cached = cached
    if directory is not None:
        spec.submodule_search_locations = [directory]
    return spec


def _hooks_spec():
    # The module `pyfreeze` that every executable has. No file of that name in the library's folder, which comes before
    # `site-packages`: a package of the program's may have the name, and on disk, too, any is preferred to ours.
    spec = _frozen_importlib_external.PathFinder.find_spec("pyfreeze")
    if spec is not None and spec.loader is not None:
        return spec
    path = f"{__file__.rpartition('/')[0]}/_pyfreeze_hooks.py"
    spec = _ModuleSpec("pyfreeze", loader_for("pyfreeze", path), origin=path)
    spec._set_fileattr = True
    return spec


class PayloadFinder:
    """The meta path finder: answers for modules whose place on the path lies in the payload.

    It leaves the answer to `PathFinder` as soon as order matters: when a folder on disk stands before the match
    on `sys.path` or `__path__`, or when a namespace portion might be meant (PEP 420).
    """

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        """As `importlib.abc.MetaPathFinder.find_spec`."""
        found = _find(fullname, sys.path if path is None else path)
        if found is not None:
            return _spec(fullname, found)
        return _hooks_spec() if fullname == "pyfreeze" else None

    @staticmethod
    def invalidate_caches():
        """As `importlib.abc.MetaPathFinder.invalidate_caches`: the payload never changes."""


class PayloadPathFinder:
    """The path entry finder for one directory of the payload, for `PathFinder` and `pkgutil`."""

    def __init__(self, path):
        if not _pyfreeze.is_directory(path):
            raise ImportError("only directories of the payload are supported", path=path)
        self.path = path

    def __repr__(self):
        return f"PayloadPathFinder({self.path!r})"

    def find_spec(self, fullname, target=None):
        """As `importlib.abc.PathEntryFinder.find_spec`."""
        found = _find(fullname, (self.path,))
        if found is not None:
            return _spec(fullname, found)
        portion = f"{self.path}/{fullname.rpartition('.')[2]}"
        if not _pyfreeze.is_directory(portion):
            return None
        spec = _ModuleSpec(fullname, None)
        spec.submodule_search_locations = [portion]
        return spec

    def iter_modules(self, prefix=""):
        """What `pkgutil.iter_modules` asks for: (name, is_package), sorted."""
        return [(prefix + name, is_package) for name, is_package in _pyfreeze.modules(self.path)]

    def invalidate_caches(self):
        """As `importlib.abc.PathEntryFinder.invalidate_caches`: the payload never changes."""


def loader_for(name, path):
    """A loader for the payload file at `path`, which becomes module `name`; None if it is no module."""
    entry = _pyfreeze.entry(path)
    if entry is None or not _pyfreeze.has_code(entry):
        return None
    return PayloadLoader(name, path, entry)


def main_code(path):
    """The stub's question before `python PATH` opens a script: its code object, or None if not in the payload."""
    loader = loader_for("__main__", path)
    return None if loader is None else loader.get_code(None)


def finish(path):
    """Completes the installation when the interpreter is initialised; `path` is the script or folder to be run."""
    global run_path
    run_path = path
    # `zipimport` and `FileFinder` are there by now and would look on the disk first.
    sys.path_hooks.insert(0, PayloadPathFinder)
    sys.path_importer_cache.clear()
    if path is not None and not _pyfreeze.is_directory(path):
        # Saves `PyImport_GetImporter` from asking whether the script is a zip file.
        sys.path_importer_cache[path] = None
    sys.frozen = True
    sys._MEIPASS = _pyfreeze.VIRTUAL_ROOT
    # Kept by name here: in sys.modules, faulthandler would list it among the program's extension modules.
    del sys.modules["_pyfreeze"]
    _tell_left_out()
    _add_site_builtins()


def _tell_left_out():
    # importlib raises this one error in one function; there alone another name stands for its class, so that an import
    # which succeeds costs nothing, and one that fails does so as ever, with a note (PEP 678) that only tracebacks show.
    if _pyfreeze.entry(_LEFT_OUT) is None:
        return
    function = _frozen_importlib._find_and_load_unlocked
    names = ["_pyfreeze_not_found" if name == "ModuleNotFoundError" else name for name in function.__code__.co_names]
    function.__code__ = function.__code__.replace(co_names=tuple(names))
    _frozen_importlib._pyfreeze_not_found = _not_found


def _not_found(message, *, name):
    error = ModuleNotFoundError(message, name=name)
    try:
        if note := _left_out_note(name):
            error.add_note(note)
    except Exception:
        # A name that no file can hold, or no memory: the error itself is what matters.
        pass
    return error


def _left_out_note(name):
    """Which option of the build would have included the module; None if the build didn't know it."""
    # The lines of freezer/src/graph/left_out.rs.
    lines = b"\n" + _pyfreeze.data(_pyfreeze.entry(_LEFT_OUT))
    for letter, advice in _LEFT_OUT_ADVICE.items():
        start = lines.find(f"\n{letter} {name}".encode())
        words = lines[start + 1 : lines.find(b"\n", start + 1)].decode().split(" ") if start >= 0 else []
        if words[1:2] == [name]:
            return advice.format(name, words[-1])
    return None


_LEFT_OUT = f"{__file__.rpartition('/')[0]}/_pyfreeze_left_out.txt"
_LEFT_OUT_ADVICE = {
    "p": "pyfreeze: `--prune` left this module out of the program; build it with `--include {0}`",
    "x": "pyfreeze: an `exclude` setting left this module out of the program",
    "d": "pyfreeze: no import led to `{1}`, which has this module; build the program with `--include {0}`",
}


def _add_site_builtins():
    # `site` isn't run (no .pth file, no user folder), but programs call exit() as they do under python.
    import builtins
    import _sitebuiltins

    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.help = _sitebuiltins._Helper()
    builtins.copyright = _printer(_sitebuiltins, "copyright", sys.copyright)
    builtins.credits = _printer(_sitebuiltins, "credits", "See https://www.python.org/ for the people behind Python.")
    builtins.license = _printer(_sitebuiltins, "license", "See https://www.python.org/psf/license/")


def _printer(sitebuiltins, name, text):
    # Not by `_Printer(...)`: its __init__ imports os to look for files, which costs every start a millisecond.
    printer = sitebuiltins._Printer.__new__(sitebuiltins._Printer)
    printer._Printer__name = name
    printer._Printer__data = text
    printer._Printer__lines = None
    printer._Printer__filenames = []
    return printer


sys.meta_path.append(PayloadFinder)
