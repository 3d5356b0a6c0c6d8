"""The tracer: writes down what a program imports, opens and loads, and changes nothing about it.

Run as `sitecustomize` of every Python that `pyfreeze trace` starts, and of those that they start: `PYTHONPATH` names a
folder with only this file in it, `PYFREEZE_TRACE` the file to append to. Comes in: audit events (PEP 578). Goes out: one
line per fact, its fields separated by tabs; `Record` in freezer/src/trace/record.rs reads them. It must never raise,
print, or keep a file open: whatever goes wrong here, the program goes on as if it weren't traced.

Facts: module NAME IMPORTER FILE | file PATH READER | wrote PATH | folder PATH READER | library NAME LOADER |
mapped PATH | distribution NAME READER | group NAME ASKER
"""

import os
import posix
import sys
from _thread import _local

LOG = os.environ.get("PYFREEZE_TRACE")
# Frames of these are not who imports, but how.
MACHINERY = frozenset({"importlib", "pkgutil", "runpy", "zipimport", "_frozen_importlib", "_frozen_importlib_external"})
STANDARD = frozenset(sys.stdlib_module_names) - {"__main__"}
KERNEL_FOLDERS = ("/proc/", "/sys/", "/dev/")

busy = _local()
seen = set()


def put(*fields):
    """Appends one line, unless this process has done so before."""
    if fields in seen:
        return
    seen.add(fields)
    line = "\t".join(field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") for field in fields)
    # Opened each time: a number kept open is one that programs meet, close, or take for their own.
    number = posix.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        posix.write(number, (line + "\n").encode("utf-8", "surrogateescape"))
    finally:
        posix.close(number)


def name_of(frame):
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def is_machinery(frame):
    return frame.f_code.co_filename.startswith("<frozen ") or name_of(frame).partition(".")[0] in MACHINERY


def compiled_importer(frame, name):
    """The module whose shared library runs in this frame of importlib, if it is not the one being imported."""
    if frame.f_code.co_name != "_call_with_frames_removed":
        return None
    function = getattr(frame.f_locals.get("f"), "__name__", None)
    if function not in ("exec_dynamic", "create_dynamic"):
        return None
    (what,) = frame.f_locals["args"]
    importer = getattr(what, "__name__", None) or getattr(what, "name", "")
    return importer if importer != name else None


def importer_of(frame, name):
    """The module that imports `name`: the first on the stack that is not importlib's."""
    while frame is not None:
        if not is_machinery(frame):
            return name_of(frame)
        if (importer := compiled_importer(frame, name)) is not None:
            return importer
        frame = frame.f_back
    return ""


def reader_of(frame):
    """The module outside of the standard library on whose behalf something is opened."""
    while frame is not None:
        name = name_of(frame)
        if name.partition(".")[0] not in STANDARD and not is_machinery(frame):
            return name
        frame = frame.f_back
    return ""


def absolute(path):
    path = os.fspath(path)
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    return path if path.startswith("/") else f"{posix.getcwd()}/{path}"


def on_import(arguments):
    # Of a shared library; a source's import is seen when its code is run, because `importlib.import_module` makes
    # no event of its own.
    name, file = arguments[0], arguments[1]
    if isinstance(file, str):
        put("module", name, importer_of(sys._getframe(2), name), file)


def on_exec(arguments):
    code = arguments[0]
    if getattr(code, "co_name", None) != "<module>":
        return
    frame = sys._getframe(2)
    # Nothing further up: a module may run texts of its own, as `namedtuple` does for it.
    loader = frame.f_back if frame.f_code.co_name == "_call_with_frames_removed" else frame
    if loader is not None and loader.f_code.co_name == "exec_module" and "module" in loader.f_locals:
        module = loader.f_locals["module"]
        name, file = module.__name__, getattr(module, "__file__", None) or code.co_filename
        put("module", name, importer_of(frame, name), file)


def on_open(arguments):
    path, mode, flags = arguments
    if not isinstance(path, (str, bytes)):
        return
    frame = sys._getframe(2)
    path = absolute(path)
    if path.startswith(KERNEL_FOLDERS) or path.endswith(".pyc") or is_import(frame):
        return
    if set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        put("wrote", path)
        return
    folder, _, file = path.rpartition("/")
    if folder.endswith((".dist-info", ".egg-info")):
        on_metadata(folder, file, frame)
    else:
        put("file", path, reader_of(frame))


def is_import(frame):
    return frame.f_code.co_filename.startswith("<frozen importlib") or name_of(frame).partition(".")[0] == "zipimport"


def on_metadata(folder, file, frame):
    reader = reader_of(frame)
    functions = []
    asker = frame
    while asker is not None and len(functions) < 40:
        functions.append(asker.f_code.co_name)
        if asker.f_code.co_name == "entry_points" and "params" in asker.f_locals:
            if group := asker.f_locals["params"].get("group"):
                put("group", group, reader)
        asker = asker.f_back
    # Whoever asks for all entry points opens all of these; that is no interest in one distribution.
    if file != "entry_points.txt" and "packages_distributions" not in functions:
        put("distribution", folder.rpartition("/")[2].partition("-")[0], reader)


def on_list(arguments):
    path = arguments[0]
    frame = sys._getframe(2)
    if isinstance(path, (str, bytes)) and not is_machinery(frame):
        put("folder", absolute(path), reader_of(frame))


def on_library(arguments):
    name = arguments[0]
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    if isinstance(name, str):
        put("library", name, reader_of(sys._getframe(2)))


HANDLERS = {
    "import": on_import,
    "exec": on_exec,
    "open": on_open,
    "os.listdir": on_list,
    "os.scandir": on_list,
    "ctypes.dlopen": on_library,
}


def hook(event, arguments):
    handler = HANDLERS.get(event)
    if handler is None or getattr(busy, "here", False):
        return
    busy.here = True
    try:
        handler(arguments)
    except Exception:
        # A signal's KeyboardInterrupt is the program's; everything else is ours, and nobody's business.
        pass
    finally:
        busy.here = False


def at_exit():
    """The shared libraries that the process has ended up with, however they came."""
    busy.here = True
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            for line in maps:
                path = line.rstrip("\n").partition("/")[2]
                if path.endswith(".so") or ".so." in path:
                    put("mapped", "/" + path)
    except Exception:
        pass


def give_way():
    """Lets the environment's own `sitecustomize` run, and takes this folder off `sys.path`."""
    folder = os.path.dirname(__file__)
    sys.path[:] = [path for path in sys.path if path != folder]
    sys.path_importer_cache.pop(folder, None)
    own = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
        if own is not None:
            sys.modules["sitecustomize"] = own


if LOG:
    import atexit

    atexit.register(at_exit)
    sys.addaudithook(hook)
give_way()
