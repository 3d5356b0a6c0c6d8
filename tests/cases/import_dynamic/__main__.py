# What no one could foresee is there all the same: computed names, cold modules of the standard library.
#| SameAsPython
import importlib
import os

for name in sorted(os.listdir(os.path.join(os.path.dirname(__file__), "plugins"))):
    if name.endswith(".py"):
        print(importlib.import_module("plugins." + name[:-3]).VALUE)
for name in ["wa" + "ve", "ntp" + "ath", "xml.dom.mini" + "dom", "lib2" + "to3"]:
    try:
        print(importlib.import_module(name).__name__)
    except ImportError as error:
        print(error)
