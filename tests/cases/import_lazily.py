# importlib.util.LazyLoader works with modules of the executable.
#| SameAsPython
import importlib.util
import sys

spec = importlib.util.find_spec("colorsys")
spec.loader = importlib.util.LazyLoader(spec.loader)
module = importlib.util.module_from_spec(spec)
sys.modules["colorsys"] = module
spec.loader.exec_module(module)
print(type(module).__name__)
print(module.rgb_to_hls(0, 0, 1), type(module).__name__)
