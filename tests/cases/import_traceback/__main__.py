# Tracebacks have the shape they have from disk: files, lines, carets, notes, groups, causes.
#| SameAsPython
#| Args: plain
#| Args: chained
#| Args: group
#| Args: note
#| Args: standard
#| Args: recursion
#| Args: syntax
#| Args: printed
#| Args: warning
import sys
import traceback
import warnings

from pkg import deep

kind = sys.argv[1]
if kind == "plain":
    deep.fail(0)
elif kind == "chained":
    try:
        deep.fail(0)
    except ZeroDivisionError as error:
        raise RuntimeError("while dividing") from error
elif kind == "group":
    raise ExceptionGroup("two", [ValueError(1), ExceptionGroup("inner", [TypeError("2")])])
elif kind == "note":
    error = KeyError("key")
    error.add_note("a note\nof two lines")
    raise error
elif kind == "standard":
    import json

    json.loads("[1, }")
elif kind == "recursion":
    deep.recurse(5)
elif kind == "syntax":
    exec(compile("x = = 1", "<text>", "exec"))
elif kind == "printed":
    try:
        deep.fail(0)
    except ZeroDivisionError:
        print(traceback.format_exc())
        traceback.print_stack(file=sys.stdout)
elif kind == "warning":
    warnings.warn("careful", stacklevel=1)
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    deep.warn()
