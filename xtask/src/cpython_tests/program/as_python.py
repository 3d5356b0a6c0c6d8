"""`python OPTIONS...` as the program itself: so that the children that tests start are restored as their parent is.

Of python's options those are obeyed that can be once the interpreter runs; the others are read and have no effect, in a
restored process as in an ordinary one.
"""

import platform
import runpy
import sys
import types
import warnings

# Options with a value.
VALUED = "cmWX"


def main(arguments):
    if arguments[:1] == ["--multiprocessing-fork"]:
        from multiprocessing import spawn

        sys.argv[1:] = arguments
        spawn.freeze_support()
    options, rest = read(arguments)
    if any(letter in "hV" for letter, _ in options):
        print(f"Python {platform.python_version()}")
        return
    obey(options)
    how, what = options[-1] if options and options[-1][0] in "cm" else ("", "")
    if how == "c":
        sys.path.insert(0, "")
        sys.argv[:] = ["-c", *rest]
        run(what, "<string>")
    elif how == "m":
        sys.path.insert(0, "")
        sys.argv[:] = ["-m", *rest]
        # It has run as a module before the snapshot was taken, against which runpy warns.
        sys.modules.pop(what, None)
        runpy._run_module_as_main(what)
    elif rest and rest[0] != "-":
        sys.argv[:] = rest
        runpy.run_path(rest[0], run_name="__main__")
    else:
        sys.argv[:] = rest or [""]
        run(sys.stdin.read(), "<stdin>")


def read(arguments):
    """The options with their values, up to the one that says what to run, and what follows them."""
    options, rest = [], list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        letters = rest.pop(0)[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter == "-":
                options.extend([("V", "")] if letters in ("help", "version") else [])
                del rest[: letters == "check-hash-based-pycs"]
                letters = ""
            elif letter in VALUED:
                options.append((letter, letters or rest.pop(0)))
                letters = ""
                if letter in "cm":
                    return options, rest
            else:
                options.append((letter, ""))
    return options, rest


def obey(options):
    for letter, value in options:
        if letter == "W":
            sys.warnoptions.append(value)
            warnings._processoptions([value])
        elif (letter, value) == ("X", "faulthandler"):
            import faulthandler

            faulthandler.enable()
        elif letter == "X" and value.partition("=")[0] == "tracemalloc":
            import tracemalloc

            tracemalloc.start(int(value.partition("=")[2] or 1))
        elif letter == "u":
            sys.stdout.reconfigure(write_through=True)
            sys.stderr.reconfigure(write_through=True)


def run(source, path):
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__builtins__ = sys.modules["builtins"]
    try:
        exec(compile(source, path, "exec"), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # Without the lines of this file, as python would have it.
        sys.excepthook(type(error), error, error.__traceback__.tb_next)
        sys.exit(1)
