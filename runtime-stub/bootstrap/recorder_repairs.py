"""The recorder's repairs: what modules take from the machine when they are imported, and how it is taken back.

The first part of the script that recorder.py describes. Comes in: a module that has been imported for a snapshot. Goes
out: the same without what belongs to this process; or with a function that every start calls, or a slot that it fills.
"""

import builtins
import sys

import posix

import _pyfreeze_bootstrap as bootstrap

_pyfreeze = bootstrap._pyfreeze


def import_one(name):
    """Imports a module, or asks a module for an attribute, as `from module import attribute` does."""
    module, _, attribute = name.partition(":")
    __import__(module)
    if attribute:
        getattr(sys.modules[module], attribute, None)


def detached(function, *arguments):
    """`function` with its arguments, and with globals of its own: what is called after the restore may not keep this
    script alive."""
    return type(function)(function.__code__, {"__builtins__": builtins}, function.__name__, arguments)


def instances(*classes):
    """The objects of these very classes. `gc` is left as unknown to the program as it was."""
    was_there = "gc" in sys.modules
    import gc

    if not was_there:
        del sys.modules["gc"]
    return [one for one in gc.get_referrers(*classes) if type(one) in classes]


def forget_parts(pathlib, roots):
    """Paths below these remember their parts, of which every process has others; a text is all that they need."""
    classes = [pathlib.PurePath]
    for each in classes:
        classes.extend(type.__subclasses__(each))
    for path in instances(*classes):
        if not hasattr(path, "_hash"):
            text = pathlib.PurePath.__str__(path)
            if any(root in text for root in roots):
                for name in ("_drv", "_root", "_tail_cached", "_str", "_str_normcase_cached", "_parts_normcase_cached"):
                    if hasattr(path, name):
                        delattr(path, name)
                path._raw_paths = [text]


def repair_logging(logging):
    _pyfreeze.fact_slot(logging, "_startTime", "time_ns")


def repair_threading(threading):
    _pyfreeze.fact_slot(threading._main_thread, "_native_id", "native_id")


def repair_multiprocessing(_):
    # It gives the main module a second name.
    if sys.modules.pop("__mp_main__", None) is not None:
        _pyfreeze.at_restore(detached(restore_main_name, sys))


def restore_main_name(sys):
    sys.modules["__mp_main__"] = sys.modules["__main__"]


def repair_process(process):
    process.ORIGINAL_DIR = None
    _pyfreeze.at_restore(detached(restore_folder, process, posix))
    _pyfreeze.secret_slot(process._current_process._config, "authkey")
    process._current_process._config.pop("tempdir", None)


def restore_folder(process, posix):
    try:
        process.ORIGINAL_DIR = posix.getcwd()
    except OSError:
        # Python's own answer where the folder is gone.
        process.ORIGINAL_DIR = None


def repair_spawn(spawn):
    spawn._python_exe = None
    _pyfreeze.at_restore(detached(restore_executable, spawn, sys))


def restore_executable(spawn, sys):
    spawn.set_executable(sys.executable)


def repair_process_limits(util):
    _pyfreeze.at_restore(detached(restore_limit, util, posix))


def restore_limit(util, posix):
    util.MAXFD = posix.sysconf("SC_OPEN_MAX")


def repair_tempfile(tempfile):
    tempfile._name_sequence = None
    tempfile.tempdir = None
    for names in instances(tempfile._RandomNameSequence):
        # As before its first name: the process that asks for one makes itself a generator.
        vars(names).pop("_rng_pid", None)
        vars(names).pop("_rng", None)


def repair_wsgi(handlers):
    handlers.BaseHandler.os_environ = {}
    _pyfreeze.at_restore(detached(restore_wsgi, handlers))


def restore_wsgi(handlers):
    handlers.BaseHandler.os_environ = handlers.read_environ()


def repair_uuid(uuid):
    uuid._node = None
    uuid._last_timestamp = None


def repair_platform(platform):
    platform._Processor.from_subprocess = platform._Processor.from_subprocess.__defaults__[1]
    platform._uname_cache = None
    platform._os_release_cache = None
    platform._platform_cache.clear()
    function = platform.architecture
    function.__defaults__ = (None, *function.__defaults__[1:])
    _pyfreeze.at_restore(detached(restore_default_executable, function, sys))


def restore_default_executable(function, sys):
    function.__defaults__ = (sys.executable, *function.__defaults__[1:])


def repair_linecache(linecache):
    linecache.clearcache()


def repair_warnings(warnings):
    warnings.onceregistry.clear()


def repair_zipimport(zipimport):
    zipimport._zip_directory_cache.clear()


def repair_sysconfig(sysconfig):
    sysconfig._CONFIG_VARS = None
    sysconfig._CONFIG_VARS_INITIALIZED = False
    sysconfig._PROJECT_BASE = ""
    _pyfreeze.at_restore(detached(restore_project_base, sysconfig, sys))


def restore_project_base(sysconfig, sys):
    # The executable's path is a real one, as the module's own `_safe_realpath` makes it.
    sysconfig._PROJECT_BASE = sys.executable.rpartition("/")[0] or "/"


def repair_huge_pages(numpy):
    # It asks for the kernel's version; the variable by which one decides for oneself is compared at each start.
    numpy._core.multiarray._set_madvise_hugepage(1)
    _pyfreeze.at_restore(detached(restore_huge_pages, numpy._core.multiarray, posix))


def restore_huge_pages(multiarray, posix):
    version = [int(part) for part in posix.uname().release.split(".")[:2]]
    multiarray._set_madvise_hugepage(int(version >= [4, 6]))


def repair_numpy_random(mtrand):
    # Its global generator, whose state says nothing until each start makes its own.
    make = sys.modules["numpy.random._mt19937"].MT19937
    mtrand.set_bit_generator(make(0))
    # numpy keeps some small blocks of each size for the next array, with what was in them: seeds, for one.
    zeros = sys.modules["numpy"].zeros
    for size in range(1, 257):
        arrays = [zeros(size, "u1") for _ in range(8)]
        for array in arrays:
            array.fill(0)
    _pyfreeze.at_restore(detached(restore_numpy_random, mtrand, make))


def restore_numpy_random(mtrand, make):
    mtrand.set_bit_generator(make())


def repair_workers(helper):
    helper._cpu_count = 1
    _pyfreeze.at_restore(detached(restore_workers, helper))


def restore_workers(helper):
    helper._cpu_count = helper.os.cpu_count()


def repair_f2py(rules):
    # The text of generated modules has the time.
    text = rules.module_rules["modulebody"]
    before, _, behind = text.partition(rules.time.asctime(rules.time.gmtime(rules.generationtime)))
    rules.generationtime = 0
    rules.module_rules["modulebody"] = ""
    _pyfreeze.at_restore(detached(restore_f2py, rules, before, behind))


def restore_f2py(rules, before, behind):
    rules.generationtime = int(rules.os.environ.get("SOURCE_DATE_EPOCH", rules.time.time()))
    time = rules.time.asctime(rules.time.gmtime(rules.generationtime))
    rules.module_rules["modulebody"] = before + time + behind


def repair_dateutil(parser):
    restore_dateutil(parser, 2000)
    _pyfreeze.at_restore(detached(restore_dateutil, parser, None))


def restore_dateutil(parser, year):
    facts = parser.DEFAULTPARSER.info
    facts._year = year or parser.time.localtime().tm_year
    facts._century = facts._year // 100 * 100


def repair_rich(rich):
    rich._IMPORT_CWD = ""
    _pyfreeze.at_restore(detached(restore_import_folder, rich))


def restore_import_folder(rich):
    try:
        rich._IMPORT_CWD = rich.os.path.abspath(rich.os.getcwd())
    except FileNotFoundError:
        # As the module itself does it.
        rich._IMPORT_CWD = ""


def repair_styles(style):
    style._id_generator = style.count(0)
    _pyfreeze.at_restore(detached(restore_styles, style))


def restore_styles(style):
    style._id_generator = style.count(style.getrandbits(24))


def repair_connection(connection):
    connection.HAS_IPV6 = False
    _pyfreeze.at_restore(detached(restore_protocols, connection))


def restore_protocols(connection):
    connection.HAS_IPV6 = connection._has_ipv6("::1")


def repair_httpie(context):
    _pyfreeze.at_restore(detached(restore_httpie, context.Environment, context.curses, sys))


def restore_httpie(environment, curses, sys):
    # As the class has it in its body.
    environment.stdin_isatty = sys.stdin.isatty()
    environment.stdout_isatty = sys.stdout.isatty()
    environment.stderr_isatty = sys.stderr.isatty()
    if curses:
        try:
            curses.setupterm()
            environment.colors = curses.tigetnum("colors")
        except curses.error:
            pass


class Preparer:
    """Finds nothing but what is to be prepared; that runs as ever, with something done before and behind."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in PREPARATIONS:
            return None
        others = (finder for finder in sys.meta_path if finder is not Preparer)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None:
            spec.loader = PreparedLoader(spec.loader, *PREPARATIONS[name])
        return spec


class PreparedLoader:
    """A module's own loader, which is all that the module will know of."""

    def __init__(self, loader, before, behind):
        self.loader = loader
        self.before = before
        self.behind = behind

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        kept = self.before()
        self.loader.exec_module(module)
        self.behind(module, kept)


def prepare_ctypes():
    import _ctypes

    # Addresses that are the same in every process.
    _ctypes._memmove_addr, _ctypes._memset_addr = _pyfreeze.memory_functions()


def prepare_processor(platform, _):
    # Who asks for the machine in general would start a program for the processor's name. Here it is a name like the host's,
    # another in each recording: where somebody keeps it, that is seen.
    function = platform._Processor.from_subprocess
    platform._Processor.from_subprocess = detached(simulated_processor, posix, function)


def simulated_processor(posix, _):
    return posix.uname().nodename


def prepare_examples():
    # Docstrings of distributions show four random numbers, which "may vary", and so may the length of the text. They are
    # no secret, and nothing else comes of them: in all processes of a program they are the same.
    random = sys.modules["numpy.random"]
    make = random.default_rng
    random.default_rng = lambda seed=None: make(0 if seed is None else seed)
    return random, make


def finish_examples(_, kept):
    random, random.default_rng = kept


def nothing(*_):
    pass


# By the module's name: what is done before it runs, and behind, with the module and what the former gave.
PREPARATIONS = {
    "ctypes": (prepare_ctypes, nothing),
    "platform": (nothing, prepare_processor),
    "scipy.stats._new_distributions": (prepare_examples, finish_examples),
}

# By the module's name: the kinds of events that need no more attention, and a function of the module, or None.
REPAIRS = {
    "_strptime": ({"clock", "locale"}, None),  # compares both at each use
    "asyncio.selector_events": ({"machine"}, None),  # SC_IOV_MAX, which Linux never changes
    "dateutil.parser._parser": ({"clock"}, repair_dateutil),
    "httpie.context": ({"env", "terminal"}, repair_httpie),
    "linecache": (set(), repair_linecache),
    "logging": ({"clock"}, repair_logging),
    "multiprocessing": (set(), repair_multiprocessing),
    "multiprocessing.process": ({"entropy", "pid", "working-folder"}, repair_process),
    "multiprocessing.spawn": (set(), repair_spawn),
    "multiprocessing.util": ({"machine"}, repair_process_limits),
    "numpy": ({"machine"}, repair_huge_pages),
    "numpy._core._add_newdocs_scalars": ({"machine"}, None),  # the system's name and the processor's
    "numpy.f2py.rules": ({"clock"}, repair_f2py),
    "numpy.random.mtrand": ({"clock", "entropy", "pid"}, repair_numpy_random),
    "platform": (set(), repair_platform),
    "random": ({"clock", "entropy", "pid"}, None),  # the stub seeds every generator
    "rich": ({"working-folder"}, repair_rich),
    "rich.style": ({"entropy"}, repair_styles),
    "scipy": ({"file", "stat"}, None),  # whether it is being built: it looks for a folder of its sources
    "scipy.fft._duccfft.helper": ({"machine"}, repair_workers),
    "scipy.fft._pocketfft.helper": ({"machine"}, repair_workers),
    "secrets": ({"clock", "entropy", "pid"}, None),  # likewise
    # It looks for the sources of an interpreter beside the executable.
    "sysconfig": ({"env", "stat", "working-folder"}, repair_sysconfig),
    "tempfile": (set(), repair_tempfile),
    "threading": ({"pid"}, repair_threading),
    "urllib3.util.connection": ({"socket"}, repair_connection),
    "uuid": (set(), repair_uuid),
    "warnings": (set(), repair_warnings),
    "wsgiref.handlers": ({"environ"}, repair_wsgi),
    "zipimport": (set(), repair_zipimport),
}
