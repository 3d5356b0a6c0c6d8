# Subinterpreters, isolated and legacy, import their own modules, also in threads.
#| SameAsPython
import _interpreters
import json
import threading

for kind in ("isolated", "legacy"):
    interpreter = _interpreters.create(kind)
    print(kind, _interpreters.exec(interpreter, "import json, random, re, sys, threading; json.dumps([random.random()])"))
    thread = threading.Thread(target=_interpreters.exec, args=(interpreter, "import decimal; decimal.Decimal(1) / 3"))
    thread.start()
    thread.join()
    print(_interpreters.exec(interpreter, "raise ValueError('inside')").msg)
    _interpreters.destroy(interpreter)
print(json.dumps([1]), [one[0] for one in _interpreters.list_all()])
