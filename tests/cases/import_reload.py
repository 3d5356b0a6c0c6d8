# A module can be reloaded, and imported again once it is out of sys.modules.
#| SameAsPython
import importlib
import sys
import textwrap

before = textwrap.dedent
textwrap.extra = 1
again = importlib.reload(textwrap)
print(again is textwrap, textwrap.dedent is before, textwrap.extra)
del sys.modules["textwrap"]
import textwrap as fresh

print(fresh is again, hasattr(fresh, "extra"), fresh.dedent("  x"))
print(importlib.import_module(".decoder", "json").__name__, importlib.util.find_spec("json.nothing"), importlib.util.find_spec("nothing"))
spec = importlib.util.find_spec("colorsys")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(module.rgb_to_hsv(1, 0, 0), "colorsys" in sys.modules)
lazy = importlib.util.LazyLoader.factory(type(spec.loader))
print(importlib.util.source_from_cache(importlib.util.cache_from_source("/a/b.py")), lazy is not None)
