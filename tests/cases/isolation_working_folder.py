# Files in the working folder are no modules, no settings, no start-up files.
#| File: json.py=raise SystemExit("the folder's json")
#| File: sitecustomize.py=raise SystemExit("sitecustomize")
#| File: usercustomize.py=raise SystemExit("usercustomize")
#| File: encodings.py=raise SystemExit("encodings")
#| File: pyvenv.cfg=home = /nowhere
#| File: app.pth=import os; os._exit(66)
#| File: python313._pth=/nowhere
#| File: lib/python3.13/os.py=raise SystemExit("os")
#| ExpectStdout: [1] False False
import json
import os
import sys

print(json.loads("[1]"), "" in sys.path or os.getcwd() in sys.path, "site" in sys.modules)
