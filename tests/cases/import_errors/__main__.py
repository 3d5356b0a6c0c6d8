# What fails to be imported fails with the same words, suggestions included.
#| SameAsPython
#| Args: import nothing_of_this_name
#| Args: import pkg.nothing
#| Args: import plain.part
#| Args: from pkg import vaule
#| Args: from pkg import nothing
#| Args: from . import x
#| Args: import pkg.fails
#| Args: import jso
#| Args: from json import dump_
#| Args: import json; json.dumsp
#| Args: import pkg; pkg.value_
#| Args: __import__("")
#| Args: import importlib; importlib.import_module(".x")
import sys

exec(" ".join(sys.argv[1:]))
