"""IPython: a shell inside the program runs cells, magics, completion and shows tracebacks."""

import os
import sys
from importlib.metadata import version

import IPython
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

print("IPython", IPython.__version__, version("ipython"), flush=True)
config = Config()
config.HistoryManager.enabled = False
config.InteractiveShell.colors = "nocolor"
config.InteractiveShell.xmode = "Plain"
shell = InteractiveShell.instance(config=config)

CELLS = ["x = 6\nx * 7", "%who", "[y for y in range(3)]; _", "import math\nmath.pi", "_ + 1", "?? not", "await __import__('asyncio').sleep(0, 5)"]
for cell in CELLS[:5]:
    result = shell.run_cell(cell, store_history=True)
    print("->", result.success, result.result)
print(shell.run_cell(CELLS[6]).result, shell.input_transformer_manager.transform_cell("%time 1\n!ls\nx?"))
shell.run_cell("%%capture captured\nprint('kept')")
shell.run_cell("print(captured.stdout)")
print(shell.complete("math.is")[1], shell.inspector.info(len)["docstring"].splitlines()[0])
print(shell.run_cell("1 / 0").error_in_exec, shell.run_cell("def f(:").error_before_exec.__class__.__name__)
print(shell.run_line_magic("config", "") is None, sorted(shell.magics_manager.lsmagic()["cell"])[:3])
print(shell.getoutput("echo from a shell"))
from IPython.display import HTML, Markdown

data, _ = shell.display_formatter.format(HTML("<b>x</b>"))
print(data["text/html"], shell.display_formatter.format(Markdown("*x*"))[0]["text/markdown"])
shell.run_cell("import warnings; warnings.warn('said')")
print(shell.find_user_code("x", raw=True) if isinstance(shell.user_ns["x"], str) else shell.user_ns["x"])
print("IPython.core.magics" in sys.modules, os.path.basename(IPython.__file__))
