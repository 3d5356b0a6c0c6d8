# A module that pruning has left out names the option that would have included it, and fails as ever.
#| Freeze: --prune --exclude colorsys
#| ExpectStatus: 1
#| ExpectStdout: No module named 'asyncio' asyncio 1
#| ExpectStdout: No module named 'nowhere' nowhere 0
#| ExpectStdout: No module named 'json.nowhere' json.nowhere 0
#| ExpectStdout: None
#| ExpectStdout: cannot import name 'nothing' from 'json' (<root>/lib/python3.13/json/__init__.py)
#| ExpectError: ModuleNotFoundError: No module named 'colorsys'
#| ExpectError: pyfreeze: an `exclude` setting left this module out of the program
#| ExpectError: ModuleNotFoundError: No module named 'wave'
#| ExpectError: pyfreeze: `--prune` left this module out of the program; build it with `--include wave`
import importlib
import importlib.util
import json
import sys
import traceback

for name in ("asyncio", "nowhere", "json.nowhere"):
    try:
        importlib.import_module("".join(name))
    except ImportError as error:
        print(error, error.name, len(getattr(error, "__notes__", ())))
print(importlib.util.find_spec("".join(["wa", "ve"])))
try:
    from json import nothing
except ImportError as error:
    print(error)
sys.stdout.flush()
try:
    import colorsys
except ImportError:
    traceback.print_exc()
__import__("".join(["wa", "ve"]))
