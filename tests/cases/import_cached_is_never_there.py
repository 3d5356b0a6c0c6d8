# `__cached__` names a place as python does, and nothing is ever there.
#| ExpectStdout: True False
#| ExpectStdout: [False]
import os
import json
import sys

print(json.__cached__.endswith("/json/__pycache__/__init__.cpython-313.pyc"), os.path.exists(json.__cached__))
print([os.path.exists(path + "/__pycache__") for path in sys.path[:1]])
