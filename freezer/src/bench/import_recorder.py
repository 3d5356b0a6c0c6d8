"""What each import takes: the module with which a program that `pyfreeze bench` looks into begins.

`RECORD` is put before this text: the file to write. Comes in: the events of `sys.monitoring` (PEP 669) for importlib's own
functions. Goes out, when the process ends: one line per fact, its fields separated by tabs; `Record` in
freezer/src/bench/record.rs reads them. No function is replaced, so the program meets the import system as it is.

Of every import three parts are told apart: find (`_find_spec`), load (`get_code`: reading and unmarshalling, or compiling;
of a shared library: linking it) and execute (the module's body). Times are without those of imports inside.
"""

import sys
from time import perf_counter_ns as now

BEGIN = now()
PRESENT = list(sys.modules)

import posix
import _frozen_importlib as importlib
import _frozen_importlib_external as external
import _imp
from _thread import get_ident

TOOL = 4
IMPORT, FIND, LOAD, EXECUTE, OTHER = range(5)
# What a call of `_call_with_frames_removed` is for; the module's body runs in `exec`.
CALLS = {
    exec: EXECUTE,
    _imp.exec_builtin: EXECUTE,
    _imp.create_builtin: LOAD,
    _imp.get_frozen_object: LOAD,
}
if hasattr(_imp, "create_dynamic"):
    # A static Python has no extension modules.
    CALLS |= {_imp.exec_dynamic: EXECUTE, _imp.create_dynamic: LOAD}
CALLER = importlib._call_with_frames_removed.__code__
FINDER = importlib._find_spec.__code__
IMPORTER = importlib._find_and_load.__code__
KINDS = {
    IMPORTER: IMPORT,
    FINDER: FIND,
    CALLER: None,
    importlib.FrozenImporter.exec_module.__code__: EXECUTE,
}
monitoring = sys.monitoring
events = monitoring.events
stacks = {}
finished = []
frame_of = sys._getframe


class Import:
    """One import, with its parts; in nanoseconds."""

    __slots__ = ("name", "start", "parts", "inside", "loader")

    def __init__(self, name, start):
        self.name = name
        self.start = start
        self.parts = [0, 0, 0, 0, 0]
        self.inside = []
        self.loader = None


def on_start(code, offset):
    start = now()
    stack = stacks.get(get_ident())
    if stack is None:
        stack = stacks[get_ident()] = []
    kind = KINDS[code]
    if code is IMPORTER:
        owner = Import(frame_of(1).f_locals["name"], start)
    else:
        # A part of the innermost import; of none, when somebody calls importlib's functions by himself.
        owner = stack[-1][2] if stack else None
        if code is CALLER:
            kind = CALLS.get(frame_of(1).f_locals["f"], OTHER)
    # What it is, its function, whose it is, when it began, and how much of it was something else's.
    stack.append([kind, code, owner, start, 0])


def on_return(code, offset, value):
    if code is FINDER:
        stack = stacks.get(get_ident())
        if stack and stack[-1][2] is not None and value is not None:
            see_loader(stack[-1][2], value.loader)
    leave(code)


def on_unwind(code, offset, error):
    if code in KINDS:
        leave(code)


def leave(code):
    end = now()
    stack = stacks.get(get_ident())
    # A function that began before the recorder did.
    if not stack or stack[-1][1] is not code:
        return
    kind, _, owner, start, other = stack.pop()
    total = end - start
    if owner is not None:
        owner.parts[OTHER if kind == IMPORT else kind] += total - other
    if stack:
        stack[-1][4] += total
    if kind == IMPORT and (owner.inside or owner.loader is not None or owner.parts[FIND]):
        outer = stack[-1][2] if stack else None
        (finished if outer is None else outer.inside).append(owner)


def see_loader(owner, loader):
    """The loader's `get_code` is where its modules are read and unmarshalled."""
    owner.loader = "" if loader is None else type(loader).__name__ if not isinstance(loader, type) else loader.__name__
    function = getattr(loader, "get_code", None)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is not None and code not in KINDS and code.co_name == "get_code":
        KINDS[code] = LOAD
        monitoring.set_local_events(TOOL, code, events.PY_START | events.PY_RETURN)


def lines_of(imports, depth):
    for one in imports:
        _, find, load, execute, other = one.parts
        name = one.name.encode("utf-8", "backslashreplace").decode().replace("\t", " ").replace("\n", " ")
        yield f"import\t{depth}\t{name}\t{one.start}\t{find}\t{load}\t{execute}\t{other}\t{one.loader or ''}\n"
        yield from lines_of(one.inside, depth + 1)


def write(process=posix.getpid()):
    end = now()
    if posix.getpid() != process:
        # A child's imports are its own.
        return
    monitoring.set_events(TOOL, 0)
    text = f"begin\t{BEGIN}\nready\t{READY}\nend\t{end}\n"
    text += "".join(f"present\t{name}\n" for name in PRESENT if isinstance(name, str))
    text += "".join(lines_of(finished, 0))
    number = posix.open(RECORD, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC, 0o666)
    data = text.encode("utf-8", "backslashreplace")
    while data:
        data = data[posix.write(number, data) :]
    data = f"written\t{now()}\n".encode()
    posix.write(number, data)
    posix.close(number)


def begin():
    monitoring.use_tool_id(TOOL, "pyfreeze bench")
    monitoring.register_callback(TOOL, events.PY_START, on_start)
    monitoring.register_callback(TOOL, events.PY_RETURN, on_return)
    monitoring.register_callback(TOOL, events.PY_UNWIND, on_unwind)
    for code in KINDS:
        monitoring.set_local_events(TOOL, code, events.PY_START | events.PY_RETURN)
    # No function's own: only for the whole interpreter.
    monitoring.set_events(TOOL, events.PY_UNWIND)


def at_exit():
    import atexit

    atexit.register(write)
    if "atexit" not in PRESENT:
        # The program's own import of it is to be seen.
        del sys.modules["atexit"]


# While a snapshot is recorded, trained runs of the program are nobody's measurement.
if not getattr(sys, "_pyfreeze_is_recording", False):
    for loader in (external.SourceLoader, external.SourcelessFileLoader):
        KINDS[loader.get_code.__code__] = LOAD
    at_exit()
    begin()
READY = now()
