# runpy runs modules, packages and paths of the executable.
#| SameAsPython
import os
import runpy

result = runpy.run_module("tool.part", run_name="__main__", alter_sys=True)
print(sorted(name for name in result if not name.startswith("__")), result["__spec__"].name)
print(runpy.run_module("tool")["NAME"], runpy.run_path(os.path.join(os.path.dirname(__file__), "tool", "part.py"))["VALUE"])
try:
    runpy.run_module("tool.nothing")
except ImportError as error:
    print(error)
