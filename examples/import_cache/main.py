"""Shows what an import leaves behind on disk.

Run with `python main.py` in a fresh copy of this folder: a `__pycache__` folder with a `.pyc` file appears beside
`greeting.py`, because python caches what it compiled. Frozen, the module comes compiled from the executable:
nothing is written, and no cache is ever looked for.
"""

import greeting

print(greeting.text("cache"))
