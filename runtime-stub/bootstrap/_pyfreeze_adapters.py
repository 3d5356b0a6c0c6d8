"""What single modules must know about the virtual root, applied when they are imported.

Comes in: a module that has just run. Goes out: the same module with one function replaced. Each adapter says what
would go wrong without it.
"""


def adapt(module):
    """Applies the adapter of `module`, which `_pyfreeze_bootstrap` has found to have one."""
    _ADAPTERS[module.__name__](module)


def _resources(common):
    # `as_file` hands a pathlib.Path out as it is, since it is "already a file". Other programs, to whom such
    # paths are given, can't see the virtual root: they get a temporary copy, as from a zip file. Not so shared
    # libraries: this process loads them, and by the virtual path it does so without a copy.
    import contextlib
    import os
    import pathlib
    import shutil
    import tempfile

    from _pyfreeze_bootstrap import _pyfreeze

    @common.as_file.register(pathlib.Path)
    @contextlib.contextmanager
    def as_file(path):
        if not _pyfreeze.is_virtual(os.fspath(path)) or _pyfreeze.is_library(os.fspath(path)):
            yield path
            return
        try:
            folder = tempfile.TemporaryDirectory()
        except OSError:
            # Nothing can be written here: the path still means something to this process.
            yield path
            return
        with folder:
            copy = pathlib.Path(folder.name) / path.name
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, copy)
            yield copy


def _certifi(core):
    # `where()` asks `as_file`, which would write a temporary copy at every start. OpenSSL reads the virtual path.
    import os

    core._CACERT_PATH = os.path.join(os.path.dirname(core.__file__), "cacert.pem")


def _ctypes_util(util):
    # `find_library` asks the host's tools; what the program brings itself is only in the payload.
    from _pyfreeze_bootstrap import _pyfreeze

    on_host = util.find_library

    def find_library(name):
        return on_host(name) or _pyfreeze.library(name)

    util.find_library = find_library


def _spawn(spawn):
    # A child finds the parent's script by path and compiles it: the source may have been left out, and its code
    # object is in the payload anyway.
    import sys
    import types

    import _pyfreeze_bootstrap

    from_disk = spawn._fixup_main_from_path

    def _fixup_main_from_path(main_path):
        loader = _pyfreeze_bootstrap.loader_for("__mp_main__", main_path)
        if loader is None:
            return from_disk(main_path)
        current_main = sys.modules["__main__"]
        if getattr(current_main, "__file__", None) == main_path:
            return None
        spawn.old_main_modules.append(current_main)
        module = types.ModuleType("__mp_main__")
        module.__file__ = main_path
        module.__loader__ = loader
        module.__package__ = ""
        exec(loader.get_code(None), module.__dict__)
        sys.modules["__main__"] = sys.modules["__mp_main__"] = module

    spawn._fixup_main_from_path = _fixup_main_from_path


def _threadpoolctl(threadpoolctl):
    # It looks for BLAS and OpenMP in /proc/self/maps, where mapped libraries are parts of the executable.
    from _pyfreeze_bootstrap import _pyfreeze

    controller = threadpoolctl.ThreadpoolController
    from_maps = getattr(controller, "_find_libraries_with_linux", None)
    if from_maps is None:
        # Older versions ask `dl_iterate_phdr`, which knows.
        return

    def _find_libraries_with_linux(self):
        from_maps(self)
        for path in _pyfreeze.loaded_libraries():
            self._make_controller_from_path(path)

    controller._find_libraries_with_linux = _find_libraries_with_linux


_ADAPTERS = {
    "certifi.core": _certifi,
    "ctypes.util": _ctypes_util,
    "importlib.resources._common": _resources,
    "multiprocessing.spawn": _spawn,
    "threadpoolctl": _threadpoolctl,
}
