# Subinterpreters import from the executable, too.
#| SameAsPython
import _interpreters

interpreter = _interpreters.create()
print(_interpreters.run_string(interpreter, "import json, colorsys, sys; print(json.dumps([1]), colorsys.__file__, 'colorsys' in sys.modules)"))
print(_interpreters.run_string(interpreter, "1/0") is not None)
_interpreters.destroy(interpreter)
