# -*- coding: latin-1 -*-
# A source in another encoding, said in its first line, is compiled, shown and read as from disk.
#| SameAsPython
import inspect
import sys

name = "café"
print(name, len(name), inspect.getsource(sys.modules[__name__]).count("é"))
raise ValueError(name)  # café
