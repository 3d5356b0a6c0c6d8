"""The recorder's watch: what modules do while they are being imported.

The second part of the script that recorder.py describes. Comes in: names to import. Goes out: for each module that is
loaded then, what it touched of the world outside the payload while its body ran, and what it imported. The process is
changed all over for that, and never becomes a snapshot.

Kinds of events, each with a detail (a path, a name, or nothing):
file, write, stat, folder (opened, opened to write, looked at, listed) | env NAME, environ (all of it), env-set NAME |
argv | stdin | print | terminal | working-folder | machine | locale | socket | process | process-state | thread | fd |
atexit | signal | library | mapping | seed (a generator with a seed of the program's choice) | entropy; and those that the
stub sees in C code: clock, entropy, pid, user, machine, certificates, env, file, folder, thread. Of paths only the stub knows what the kernel
has said: absent, below-file (nothing is there, or a name before the last is no folder); and of a standard stream no-terminal.
"""

import builtins
import sys

import _frozen_importlib
import _io
import posix

NAME = __name__


def is_outside(path):
    """Whether a path is none of the payload's; the folders that lead to the virtual root count as its own."""
    if isinstance(path, bytes):
        path = path.decode("utf-8", "surrogateescape")
    if not isinstance(path, str):
        return True
    return not _pyfreeze.is_virtual(path) and not f"{_pyfreeze.VIRTUAL_ROOT}/".startswith(f"{path.rstrip('/')}/")


def parents(name):
    """The packages of a module, outermost first."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


class Watch:
    """What is changed in this process to see what modules do, and what has been seen."""

    def __init__(self):
        self.events = {}
        self.imports = {}
        self.failed = {}
        self.active = False
        self.busy = False
        self.streams = {}
        self.resources = self.look()
        # Names of the environment that were handed out, with the module that had them.
        self.names = []
        self.is_assigning = False
        # Where this process is to be found, and where it runs: others in each recording, so that what is kept of them is
        # seen when they are compared.
        self.own_paths = f"/proc/{posix.readlink('/proc/self')}", posix.getcwd().rpartition("/")[0]
        self.home = posix.environ[b"HOME"].decode()
        # Whether what is said of paths holds for any process: not where a program has moved or made files before it looked.
        self.is_settled = True

    def start(self):
        _pyfreeze.events()
        self.watch_imports()
        for module, names in FUNCTIONS_AT_START.items():
            self.wrap_functions(module, names)
        sys.argv = recording_list(self, sys.argv)
        sys.stdin = recording_stream(self, sys.stdin)
        sys.stdout = recording_stream(self, sys.stdout)
        sys.stderr = recording_stream(self, sys.stderr)
        self.streams = {name: getattr(sys, name) for name in ("stdin", "stdout", "stderr")}
        sys.addaudithook(self.audit)
        self.active = True

    def stop(self):
        self.drain()
        self.active = False

    def run(self, name):
        """Imports one module; that it can't be imported is a fact like others."""
        try:
            import_one(name)
        except BaseException as error:
            self.failed[name] = f"{type(error).__name__}: {text_of(error)}"
        self.drain()

    # -- events

    def note(self, kind, detail="", module=None):
        """Charges an event to the module whose body runs, unless there is none or its repair is known."""
        if not self.active or self.busy:
            return
        if module is None:
            module = running(sys._getframe(1))
        if not module or module == NAME or kind in known_kinds(module):
            return
        detail = detail_text(detail)
        if kind in ("absent", "below-file"):
            if is_same_zone(detail):
                return
            kind = kind if self.is_settled else "stat"
        elif kind in ("stat", "file") and self.is_own_path(detail) or kind == "env" and is_vain_translation():
            return
        self.events.setdefault(module, {})[kind, detail] = None

    def forget(self, kind, detail):
        """Takes back an event of the module whose body runs; true if there was one."""
        events = self.events.get(running(sys._getframe(1)), {})
        return events.pop((kind, detail_text(detail)), events) is None

    def is_own_path(self, path):
        """A part of the way to this process's own folders, or the one zone that is the same everywhere."""
        process, folder = self.own_paths
        if path.startswith(self.home):
            # What a user has there, nobody else has.
            return False
        is_on_the_way = path in ("/proc", "/proc/self") or f"{folder}/".startswith(path.rstrip("/") + "/")
        return is_on_the_way or path.startswith((process, folder)) or is_same_zone(path)

    def drain(self):
        """Takes over what the stub has seen."""
        names, self.names = self.names, []
        for name, module in names:
            if not name.is_compared:
                self.note("environ", module=module)
        for kind, module, detail in _pyfreeze.events():
            self.note(kind, detail, module or "")

    def audit(self, event, arguments):
        kind = AUDITED.get(event) or AUDITED.get(event.partition(".")[0])
        if kind is None or not self.active or self.busy:
            return
        detail = arguments[0] if arguments else ""
        if event == "os.chdir":
            self.is_settled = False
        if event == "open":
            if not is_outside(detail):
                return
            if is_writing(*arguments):
                kind = "write"
            elif isinstance(detail, (str, bytes)):
                # The stub says what came of it.
                return
        elif event == "ctypes.dlopen":
            # None is the executable itself.
            if detail is None or not is_outside(detail):
                return
        elif event == "socket.getaddrinfo" and is_number_of_host(*arguments):
            return
        elif event.startswith("socket."):
            detail = f"{event} {arguments[-1]!r}" if len(arguments) > 1 else event
        elif kind == "env-set":
            if self.is_assigning:
                # What is different in the end, every start makes so again.
                return
            if event == "os.unsetenv" and self.forget(kind, detail):
                return
        elif kind == "folder" and not isinstance(detail, int):
            # Likewise.
            return
        elif not isinstance(detail, (str, bytes)):
            detail = event
        self.note(kind, detail)

    # -- imports

    def watch_imports(self):
        import_ = builtins.__import__
        load = _frozen_importlib._find_and_load
        import_absolute = _frozen_importlib._gcd_import

        def recording_import(name, globals=None, locals=None, fromlist=(), level=0):
            try:
                return import_(name, globals, locals, fromlist, level)
            finally:
                if self.active and (importer := running(sys._getframe(1))):
                    self.note_import(importer, absolute_name(name, globals, level), fromlist or ())

        # What `importlib.import_module` calls, and what C code does.
        def recording_import_absolute(name, package=None, level=0):
            try:
                return import_absolute(name, package, level)
            finally:
                if self.active and (importer := running(sys._getframe(1))):
                    name = _frozen_importlib._resolve_name(name, package, level) if level > 0 else name
                    self.note_import(importer, name)

        def recording_load(name, import_):
            is_new = name not in sys.modules
            importer = running(sys._getframe(1)) if self.active else None
            if is_new and self.active:
                self.look_at_process(importer)
            try:
                return load(name, import_)
            finally:
                if importer:
                    self.note_import(importer, name)
                if is_new and self.active:
                    self.look_at_process(name)
                    self.watch_functions(name)

        builtins.__import__ = recording_import
        _frozen_importlib._gcd_import = recording_import_absolute
        _frozen_importlib._find_and_load = recording_load

    def note_import(self, importer, name, fromlist=()):
        names = [*parents(name), name]
        for one in fromlist:
            if one == "*":
                names.extend(f"{name}.{each}" for each in getattr(sys.modules.get(name), "__all__", ()))
            else:
                names.append(f"{name}.{one}")
        imports = self.imports.setdefault(importer, {})
        imports.update((one, None) for one in names if one != importer and one in sys.modules)

    def look_at_process(self, module):
        """Charges to `module` what it has opened, started or replaced since the last look, and not undone."""
        self.drain()
        self.busy = True
        before, self.resources = self.resources, self.look()
        # What the look itself has touched.
        _pyfreeze.events()
        self.busy = False
        for kind, old, new in zip(("fd", "thread", "process-state"), before, self.resources):
            for one in new - old:
                self.note(kind, one, module or "")

    def look(self):
        """What this process has: numbers of descriptors and threads, names of standard streams that are not its first ones."""
        descriptors = set()
        for number in posix.listdir("/proc/self/fd"):
            try:
                posix.fstat(int(number))
                descriptors.add(number)
            except OSError:
                # The one by which the folder was read.
                pass
        replaced = {f"sys.{name}" for name, stream in self.streams.items() if getattr(sys, name, None) is not stream}
        return descriptors, set(posix.listdir("/proc/self/task")), replaced

    # -- functions

    def watch_functions(self, name):
        """Watches what a module offers that has just run."""
        if name in FUNCTIONS_WHEN_LOADED:
            self.wrap_functions(name, FUNCTIONS_WHEN_LOADED[name])
        if name in sys.modules and name in ("os", "random"):
            (watch_environment if name == "os" else watch_seeds)(self, sys.modules[name])

    def wrap_functions(self, module, names):
        module = sys.modules.get(module)
        for name, kind in names.items():
            function = getattr(module, name, None)
            if callable(function) and not isinstance(function, Recorded):
                setattr(module, name, Recorded(self, function, kind))


def detail_text(detail):
    if isinstance(detail, bytes):
        detail = detail.decode("utf-8", "surrogateescape")
    return str(detail)[:LONGEST_DETAIL]


class Recorded:
    """A function that notes its calls. No Python function, which would become a method where a class keeps it."""

    def __init__(self, watch, function, kind):
        self.__dict__.update(watch=watch, function=function, kind=kind, __wrapped__=function)

    def __call__(self, *arguments, **keywords):
        detail = self.function.__name__
        frame = sys._getframe(1)
        if self.kind == "stat":
            return self.look(frame, *arguments, **keywords)
        if detail in ASKED_OF_TERMINALS:
            return self.ask_terminal(*arguments, **keywords)
        # `setlocale(category)` and `signal(number, SIG_DFL)` of what is so already change nothing; the rest does.
        if not (detail == "setlocale" and len(arguments) < 2):
            self.watch.note(self.kind, detail)
        return self.function(*arguments, **keywords)

    def look(self, frame, *arguments, **keywords):
        path = arguments[0] if arguments else keywords.get("path", "")
        path = posix.fspath(path) if hasattr(path, "__fspath__") else path
        is_asked = is_outside(path) and not frame.f_code.co_filename.startswith("<frozen importlib")
        try:
            return self.function(*arguments, **keywords)
        except (FileNotFoundError, NotADirectoryError):
            # The stub has seen it.
            is_asked = False
            raise
        finally:
            if is_asked:
                self.watch.note("stat", path)

    def ask_terminal(self, *arguments, **keywords):
        """Of a standard stream that is no terminal, nothing is learnt but that."""
        descriptor = arguments[0] if arguments else STANDARD_OUTPUT
        try:
            result = self.function(*arguments, **keywords)
        except OSError as error:
            is_none = error.errno == ENOTTY and descriptor in (0, 1, 2)
            self.watch.note("no-terminal" if is_none else "terminal", descriptor if is_none else "")
            raise
        self.watch.note("terminal")
        return result

    def __getattr__(self, name):
        return getattr(self.function, name)


def is_writing(_, mode, flags):
    """Whether these are the arguments of an `open` event that asks for more than reading."""
    return set(mode or "") & set("wax+") or (flags or 0) & (posix.O_WRONLY | posix.O_RDWR | posix.O_CREAT)


def known_kinds(module):
    """The kinds of events that need no attention, for the module's repair knows of them."""
    kinds = REPAIRS.get(module, (set(), None))[0]
    return kinds | {kind for known in kinds for kind in ANSWERS_OF.get(known, ())}


def is_number_of_host(host, port, *_):
    """Whether an address is asked for that is in the question."""
    parts = host.split(".") if isinstance(host, str) else ()
    return len(parts) == 4 and all(part.isdecimal() and part.isascii() for part in parts) and isinstance(port, int)


def is_same_zone(path):
    return path.endswith(("/zoneinfo/UTC", "/zoneinfo/Etc/UTC"))


def running(frame):
    """The name of the module whose body, or whose library's start, is the innermost on the stack."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "<module>":
            name = frame.f_globals.get("__name__")
            # A text run in globals without a name is its caller's.
            if isinstance(name, str):
                return None if name == NAME else name
        elif code.co_name == "_call_with_frames_removed":
            function = getattr(frame.f_locals.get("f"), "__name__", "")
            if function in ("create_dynamic", "exec_dynamic", "create_builtin", "exec_builtin"):
                (what,) = frame.f_locals["args"]
                return getattr(what, "__name__", None) or getattr(what, "name", None)
        frame = frame.f_back
    return None


def absolute_name(name, globals, level):
    if level <= 0:
        return name
    try:
        return _frozen_importlib._resolve_name(name, _frozen_importlib._calc___package__(globals), level)
    except (ImportError, TypeError):
        return name


def text_of(error):
    try:
        return str(error)
    except Exception:
        return ""


def watch_environment(watch, os):
    plain = type(os.environ)

    class Name(str):
        """A name of which it matters at most how it begins, until something else is asked of it."""

        is_compared = False

        def startswith(self, prefix, *range):
            if type(prefix) is not str or range:
                return str.startswith(self, prefix, *range)
            self.is_compared = True
            watch.note("env", prefix + "*")
            return str.startswith(self, prefix)

    class Environment(plain):
        def __getitem__(self, key):
            if type(key) is not Name:
                watch.note("env", key)
            return plain.__getitem__(self, key)

        def __setitem__(self, key, value):
            self.assign(plain.__setitem__, key, value)

        def __delitem__(self, key):
            self.assign(plain.__delitem__, key)

        def assign(self, method, *arguments):
            watch.is_assigning = True
            try:
                method(self, *arguments)
            finally:
                watch.is_assigning = False

        def __iter__(self):
            for key in plain.__iter__(self):
                if not isinstance(key, str):
                    watch.note("environ")
                    yield key
                    continue
                name = Name(key)
                watch.names.append((name, running(sys._getframe(1))))
                yield name

        def __len__(self):
            watch.note("environ")
            return plain.__len__(self)

        def __repr__(self):
            watch.note("environ")
            return plain.__repr__(self)

    Environment.__name__ = plain.__name__
    os.environ.__class__ = Environment
    os.environb.__class__ = Environment


def watch_seeds(watch, random):
    """A generator whose seed the program chooses must not be given another one: its module runs at the start."""
    plain = random.Random.seed

    def seed(self, a=None, version=2):
        if a is not None:
            watch.note("seed")
        return plain(self, a, version)

    random.Random.seed = seed
    random.seed = random._inst.seed


def is_vain_translation():
    """Whether gettext is asking for the user's languages to look in its default folder, which no frozen program has."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_name != "<module>":
        if frame.f_code.co_name == "find" and frame.f_globals.get("__name__") == "gettext":
            folder = frame.f_locals.get("localedir") or frame.f_globals.get("_default_localedir")
            return not is_outside(folder) and not _pyfreeze.is_directory(folder)
        frame = frame.f_back
    return False


def recording_list(watch, items):
    class List(list):
        pass

    for name in ("__getitem__", "__iter__", "__len__", "__contains__", "__repr__", "copy", "index", "pop"):

        def method(self, *arguments, plain=getattr(list, name)):
            watch.note("argv")
            return plain(self, *arguments)

        setattr(List, name, method)
    return List(items)


def recording_stream(watch, stream):
    """The standard stream, in a wrapper that notes what is said, heard and asked."""
    if stream is None:
        return None
    plain = _io.TextIOWrapper

    class Stream(plain):
        pass

    for name, kind in STREAM_METHODS.items():

        def method(self, *arguments, plain=getattr(plain, name), kind=kind, name=name, **keywords):
            watch.note(kind, arguments[0] if kind == "print" and arguments else name if kind == "process-state" else "")
            return plain(self, *arguments, **keywords)

        setattr(Stream, name, method)
    copy = Stream(
        stream.buffer,
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=True,
    )
    copy.mode = stream.mode
    return copy


STREAM_METHODS = {
    "__next__": "stdin",
    "detach": "process-state",
    "read": "stdin",
    "readline": "stdin",
    "reconfigure": "process-state",
    "write": "print",
}
LONGEST_DETAIL = 500
# Of what else each is a kind.
ANSWERS_OF = {"stat": ("absent", "below-file"), "terminal": ("no-terminal",)}
ASKED_OF_TERMINALS = ("ttyname", "get_terminal_size")
STANDARD_OUTPUT = 1
ENOTTY = 25

# By the event's name (PEP 578), or by the part before the dot.
AUDITED = {
    "ctypes.dlopen": "library",
    "fcntl": "process-state",
    "ftplib": "socket",
    "glob": "folder",
    "http": "socket",
    "imaplib": "socket",
    "mmap": "mapping",
    "open": "file",
    "os": "write",
    "os.chdir": "process-state",
    "os.exec": "process",
    "os.fork": "process",
    "os.forkpty": "process",
    "os.getxattr": "stat",
    "os.kill": "process",
    "os.killpg": "process",
    "os.listdir": "folder",
    "os.listxattr": "stat",
    "os.posix_spawn": "process",
    "os.putenv": "env-set",
    "os.scandir": "folder",
    "os.spawn": "process",
    "os.startfile": "process",
    "os.system": "process",
    "os.unsetenv": "env-set",
    "os.walk": "folder",
    "os.fwalk": "folder",
    "pathlib": "folder",
    "poplib": "socket",
    "pty": "process",
    "resource": "process-state",
    "shutil": "write",
    "signal": "signal",
    "smtplib": "socket",
    "socket": "socket",
    "sqlite3.connect": "file",
    "subprocess": "process",
    "syslog": "socket",
    "tempfile": "write",
    "_thread": "thread",
    "urllib": "socket",
    "webbrowser": "process",
}
FUNCTIONS_AT_START = {
    "posix": dict.fromkeys(("stat", "lstat", "access", "readlink", "statvfs"), "stat")
    | dict.fromkeys(("getcwd", "getcwdb"), "working-folder")
    | dict.fromkeys(("urandom", "getrandom"), "entropy")
    | dict.fromkeys(("ttyname", "get_terminal_size", "fstat", "get_blocking"), "terminal")
    | dict.fromkeys(("sysconf", "cpu_count", "sched_getaffinity", "getloadavg", "times", "getlogin"), "machine")
    | dict.fromkeys(("umask", "nice", "setsid", "setpgid", "dup2", "pipe", "pipe2", "openpty"), "process-state")
    | dict.fromkeys(("setuid", "setgid", "setgroups", "setpriority", "set_blocking", "sched_setaffinity"), "process-state"),
    "_signal": dict.fromkeys(
        ("signal", "set_wakeup_fd", "setitimer", "siginterrupt", "alarm", "pthread_sigmask"), "signal"
    ),
    "time": {"tzset": "clock"},
}
FUNCTIONS_WHEN_LOADED = {
    "_locale": dict.fromkeys(("setlocale", "localeconv", "nl_langinfo", "bindtextdomain", "textdomain"), "locale"),
    "atexit": {"register": "atexit"},
    "faulthandler": {"register": "signal"},
    "numpy.random.mtrand": {"seed": "seed"},
    "tracemalloc": {"start": "process-state"},
}
