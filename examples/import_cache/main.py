"""Shows what an import leaves behind on disk; `docs/how-import-works.md` walks through it.

Run with `python main.py` in a fresh copy of this folder: a folder `__pycache__` appears in `greetings`, because python keeps what
it has compiled. Frozen, the modules come compiled from the executable: nothing is written, and no cache is looked for.
"""

from greetings import greet

print(greet("cache"))
