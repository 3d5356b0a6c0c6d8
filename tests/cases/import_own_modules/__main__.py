# The project's own modules and packages have the attributes they have from disk.
#| SameAsPython
import pkg
import pkg.sub.deep
import plain

for module in (pkg, pkg.sub, pkg.sub.deep, plain):
    spec = module.__spec__
    print(module.__name__, module.__file__, module.__package__, getattr(module, "__path__", None))
    print(spec.name, spec.origin, spec.parent, spec.has_location, spec.submodule_search_locations)
    print(type(module.__loader__).__mro__[1:2] != (), module.__loader__.name, module.__loader__.is_package(module.__name__))
    print(repr(module))
print(__name__, __package__, __spec__.name, __spec__.origin, __file__)
print(pkg.sub.deep.up())
