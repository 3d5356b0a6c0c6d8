# --include brings in what no import shows, --exclude keeps out what one does.
#| Freeze: --prune --include wave --exclude xmlrpc
#| ExpectStdout: wave
#| ExpectStdout: ModuleNotFoundError
import importlib

for name in ("wa" + "ve", "xml" + "rpc.client"):
    try:
        print(importlib.import_module(name).__name__)
    except ModuleNotFoundError as error:
        print(type(error).__name__)
if False:
    import xmlrpc.client
