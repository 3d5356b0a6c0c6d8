# --prune leaves out what no import leads to.
#| Freeze: --prune
#| ExpectStdout: [1] ModuleNotFoundError
import importlib
import json

try:
    importlib.import_module("wa" + "ve")
    print("still there")
except ModuleNotFoundError as error:
    print(json.loads("[1]"), type(error).__name__)
