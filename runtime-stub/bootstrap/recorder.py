"""The recorder: what runs in an executable at build time, so that the process can become its snapshot.

Run by the stub, once the interpreter and the importer are ready, as a script in a dictionary of its own that has
`folder`: the recording's folder. Comes in: `request.json` in that folder. Goes out, by the request's mode:

classify  `facts.json`: for each module that the program's imports load, what it touched of the world outside the payload
          while its body ran, and what it imported. The program's main runs before that in children, for each command line
          of `train`, so that modules which it imports late are among those that are looked at.
record    a process with the allowed modules imported and everything of this machine taken back, and the name `dump` in
          this script's dictionary, which tells the stub to write it down. Or `failed.json`: the modules that could not
          be imported, each with its error; some can't without others that may not be in.

Nothing of the recorder may be in what is written down, so it imports no module that a frozen program doesn't start with,
and changes functions of others only to classify, where the process isn't kept.

This is the last part of the script; the build puts recorder_repairs.py, recorder_watch.py and recorder_training.py before
it.
"""

import sys

import _io
import posix


def main(folder):
    """Obeys the request; true if this process is to be written down."""
    with _io.open(f"{folder}/request.json", encoding="utf-8") as file:
        # JSON of texts, numbers, lists and tables is Python but for three words; `json` may not be imported.
        request = eval(file.read(), {"true": True, "false": False, "null": None})
    # Asked by `pyfreeze.is_building_snapshot()`.
    sys._pyfreeze_is_recording = True
    run_path = bootstrap.run_path
    # The interpreter puts a program's folder on the path only when it is about to run it.
    is_folder = run_path is not None and _pyfreeze.is_directory(run_path)
    if is_folder:
        sys.path.insert(0, run_path)
    for path in sys.path:
        if not is_outside(path) and not _pyfreeze.is_directory(path):
            # As the path hooks would find out, by a look at the executable, whose owner and times are this machine's.
            sys.path_importer_cache.setdefault(path, None)
    sys.meta_path.insert(0, Preparer)
    try:
        if request["mode"] == "record":
            failed = record(request)
            if failed:
                write_json(f"{folder}/failed.json", failed)
            return not failed
        write_json(f"{folder}/facts.json", classify(request, folder))
        return False
    finally:
        sys.meta_path.remove(Preparer)
        if is_folder:
            sys.path.remove(run_path)
        del sys._pyfreeze_is_recording
        # The process ends without python's own farewell.
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()


def write_json(path, value):
    with _io.open(path, "w", encoding="utf-8") as file:
        file.write(json_text(value))


def json_text(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(key)}:{json_text(one)}" for key, one in value.items()) + "}\n"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(json_text, value)) + "]"
    # A name or a path may be no Unicode; nobody looks for it then.
    text = str(value).encode("utf-8", "replace").decode()
    escaped = (f"\\u{ord(one):04x}" if one < " " or one in '"\\' else one for one in text)
    return '"' + "".join(escaped) + '"'


def record(request):
    there = set(sys.modules)
    environment = dict(posix.environ)
    excluded = set(request.get("excluded", ()))
    failed = {}
    for name in request.get("imports", ()):
        try:
            if name not in excluded:
                import_one(name)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    if failed:
        return failed
    keep_environment(environment)
    # A module may have kept an error, and with it this frame.
    environment.clear()
    hooks = sys.modules.get("pyfreeze")
    for function in getattr(hooks, "_before_snapshot", ()):
        function()
    for name, (_, repair) in REPAIRS.items():
        if repair is not None and name in sys.modules:
            repair(sys.modules[name])
    if "pathlib" in sys.modules:
        forget_parts(sys.modules["pathlib"], [posix.environ[b"HOME"].decode(), posix.readlink("/proc/self/exe")])
    check_loaded(there, excluded, request)
    for path in [path for path in sys.path_importer_cache if is_outside(path)]:
        if path != bootstrap.run_path:
            del sys.path_importer_cache[path]
    make_codes_ready(request.get("codes", ()))
    rehearse_main()
    # The program's own come last: they may rely on everything else.
    for function in getattr(hooks, "_after_restore", ()):
        _pyfreeze.at_restore(function)
    if request.get("remove_main"):
        sys.modules.pop("__main__", None)
    return failed


def keep_environment(before):
    """What modules have assigned to `os.environ`, every start assigns to its own."""
    # What `os.environ` keeps its values in.
    after = posix.environ
    changes = [(name, after.get(name)) for name in sorted(before.keys() | after) if before.get(name) != after.get(name)]
    if changes:
        _pyfreeze.at_restore(detached(restore_environment, sys.modules["os"], changes))


def restore_environment(os, changes):
    for name, value in changes:
        if value is None:
            os.environb.pop(name, None)
        else:
            os.environb[name] = value


def check_loaded(there, excluded, request):
    """The classification has said what may be in; an import that leads elsewhere now can't be trusted."""
    standard = set(request.get("standard", ())) if request.get("level") == "runtime" else None
    for name in sys.modules:
        if name in excluded:
            raise ImportError(f"module {name} is not for the snapshot, but was imported")
        if name not in there and standard is not None and name.partition(".")[0] not in standard:
            raise ImportError(f"module {name} is none of the standard library, but was imported")


def make_codes_ready(paths):
    """Code objects that the start finds unmarshalled: of the entry point and of the given paths."""
    loaded = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    for path in [main_path(), *paths]:
        if path is None or path in loaded:
            continue
        entry = _pyfreeze.entry(path)
        if entry is None:
            entry = _pyfreeze.entry(f"{_pyfreeze.VIRTUAL_ROOT}/{path}")
        if entry is not None and _pyfreeze.has_code(entry):
            bootstrap._ready_codes[entry] = _pyfreeze.code(entry)


def rehearse_main():
    """How python's main gets the entry point's code, as often as the rest of the start is rehearsed (rehearsal.c)."""
    for _ in range(8):
        bootstrap.main_code(main_path() or "")
        bootstrap._frozen_importlib_external.SourceFileLoader("__main__", "")


def main_path():
    path = bootstrap.run_path
    return f"{path}/__main__.py" if path is not None and _pyfreeze.is_directory(path) else path


def classify(request, folder):
    trained = train(request, folder)
    there = set(sys.modules)
    watch = Watch()
    watch.start()
    late = []
    try:
        for name in request.get("imports", ()):
            watch.run(name)
        for name, is_settled in trained.items():
            if name not in sys.modules:
                late.append(name)
                watch.is_settled = watch.is_settled and is_settled
                watch.run(name)
    finally:
        watch.stop()
    modules = {}
    for name in list(sys.modules):
        if name not in there:
            imports = watch.imports.get(name, {})
            # A package is imported before what is in it, whoever asks for that.
            imports.update(dict.fromkeys(parents(name)))
            events = list(watch.events.get(name, ()))
            modules[name] = {"events": events, "imports": list(imports), "known": sorted(known_kinds(name))}
    printed = [[name, detail] for name in modules for kind, detail in modules[name]["events"] if kind == "print"]
    return {"modules": modules, "failed": watch.failed, "printed": printed, "late": late}


if main(folder):  # noqa: F821 (given by the stub)
    dump = True
