# Lines of modules that were imported before are shown in tracebacks and found by inspect.
#| SameAsPython
import argparse
import code
import inspect
import json
import linecache
import traceback

try:
    json.loads("{")
except ValueError:
    print("_default_decoder.decode(s)" in traceback.format_exc(), traceback.format_exc().splitlines()[-1])
print(inspect.getsource(argparse.ArgumentParser.parse_args).splitlines()[0].strip())
print(inspect.signature(json.dumps).parameters["indent"], linecache.getline(json.__file__, 1)[:2])
code.InteractiveInterpreter().runsource("print(1 + 1)")
json.loads("{")
