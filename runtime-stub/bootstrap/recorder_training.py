"""The recorder's training: which modules the program's main imports by itself.

The third part of the script that recorder.py describes. Comes in: command lines. Goes out: names of modules, and of each
whether main had changed something before. Main runs in children, which then end: nothing that it does reaches this process.
"""

import builtins
import sys

import _frozen_importlib
import _io
import _signal
import posix
import time


def train(request, folder):
    """The modules that main imports with the given command lines, in order; each with whether main had by then changed no
    file and not its folder, so that what the module sees of them is what every process finds at its start."""
    names = {}
    for number, arguments in enumerate(request.get("train", ())):
        report = f"{folder}/trained-{number}"
        child = posix.fork()
        if child == 0:
            Trainee(report).run(arguments, request["training_seconds"])
        wait(child, request["training_seconds"])
        try:
            with _io.open(report, encoding="utf-8") as file:
                for line in file.read().splitlines():
                    name, _, changes = line.partition(" ")
                    names[name] = names.get(name, True) and not changes
            posix.unlink(report)
        except FileNotFoundError:
            # Killed, or gone where nothing could be written: it teaches nothing.
            pass
    return names


def wait(child, seconds):
    # Counted by naps: the clock is not to be trusted here. The child has its own, gentler limit.
    for _ in range(2 * seconds * NAPS_PER_SECOND):
        if posix.waitpid(child, posix.WNOHANG)[0] == child:
            break
        time.sleep(1 / NAPS_PER_SECOND)
    else:
        posix.kill(child, _signal.SIGKILL)
        posix.waitpid(child, 0)
    try:
        # What it has started and left behind.
        posix.killpg(child, _signal.SIGKILL)
    except OSError:
        pass


NAPS_PER_SECOND = 100
# By which main may change what modules then see of the file system.
CHANGES = ("os.chdir", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.system")
CHANGES += ("os.posix_spawn", "subprocess.Popen")


class Trainee:
    """The child's part: runs main, and writes down which modules there are in the end."""

    def __init__(self, report):
        self.report = report
        self.exit = posix._exit
        self.is_child = True
        # In the order in which their imports began: `sys.modules` has them as they ended, and of modules that import each
        # other in a circle not every one can be the first.
        self.begun = {}
        self.changes = ""

    def run(self, arguments, seconds):
        try:
            _pyfreeze.leave_machine()
            posix.setpgid(0, 0)
            null = posix.open("/dev/null", posix.O_RDWR)
            for stream in range(3):
                posix.dup2(null, stream)
            posix.close(null)
            # However it leaves.
            posix._exit = self.leave
            for name in ("execv", "execve"):
                setattr(posix, name, self.leave)
            posix.register_at_fork(after_in_child=self.become_a_stranger)
            self.watch_imports()
            sys.addaudithook(self.audit)
            _signal.signal(_signal.SIGALRM, self.leave)
            _signal.alarm(seconds)
            sys.argv[1:] = arguments
            run_program()
        except BaseException:
            # An exit, or a complaint about its arguments: what it has imported counts.
            pass
        try:
            if "threading" in sys.modules:
                sys.modules["threading"]._shutdown()
            if "atexit" in sys.modules:
                sys.modules["atexit"]._run_exitfuncs()
        except BaseException:
            pass
        self.leave()

    def watch_imports(self):
        load = _frozen_importlib._find_and_load

        def noting_load(name, import_):
            if name not in sys.modules:
                self.begun.setdefault(name, self.changes)
            return load(name, import_)

        _frozen_importlib._find_and_load = noting_load

    def audit(self, event, arguments):
        is_change = is_writing(*arguments) and is_outside(arguments[0]) if event == "open" else event in CHANGES
        if is_change or event.startswith("shutil."):
            self.changes = "changes"

    def leave(self, *_):
        if self.is_child:
            begun = self.begun.items()
            names = [f"{name} {changes}" for name, changes in begun if self.can_be_imported(name, sys.modules.get(name))]
            with _io.open(self.report, "w", encoding="utf-8", errors="replace") as file:
                file.write("\n".join(names))
        self.exit(0)

    def can_be_imported(self, name, module):
        spec = getattr(module, "__spec__", None)
        return name != "__main__" and getattr(spec, "name", None) == name

    def become_a_stranger(self):
        self.is_child = False


def run_program():
    """Runs the entry point as the interpreter would."""
    path = bootstrap.run_path
    if _pyfreeze.is_directory(path):
        spec = bootstrap.PayloadPathFinder(path).find_spec("__main__")
        module = _frozen_importlib.module_from_spec(spec)
        code = spec.loader.get_code("__main__")
    else:
        module = type(sys)("__main__")
        module.__file__ = path
        module.__loader__ = bootstrap.loader_for("__main__", path)
        code = bootstrap.main_code(path)
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    exec(code, module.__dict__)
