# A module of the standard library looks as it does from disk: its file, its spec, its loader's protocol.
#| SameAsPython
import importlib
import json
import json.decoder
import os

for module in (json, json.decoder, importlib, os):
    spec = module.__spec__
    print(module.__name__, module.__file__, module.__package__, getattr(module, "__path__", None))
    print(spec.name, spec.origin, spec.parent, spec.has_location, spec.submodule_search_locations)

loader = json.decoder.__loader__
print(loader.name, loader.path, loader.is_package("json.decoder"), loader.get_filename("json.decoder"))
print(loader.get_source("json.decoder").splitlines()[0])
print(loader.get_data(json.__file__)[:3], loader.get_code("json.decoder").co_name)
print(loader.get_code("json.decoder").co_filename)
try:
    loader.get_code("other")
except ImportError as error:
    print(type(error).__name__, error)
try:
    loader.get_data(json.__file__ + ".nothing")
except OSError as error:
    print(type(error).__name__, error)
