# pkgutil lists and walks packages and reads their data.
#| SameAsPython
import json
import pkgutil

import pkg

print([(found.name, found.ispkg) for found in pkgutil.iter_modules(pkg.__path__)])
print([(found.name, found.ispkg) for found in pkgutil.walk_packages(pkg.__path__, "pkg.")])
print([found.name for found in pkgutil.iter_modules(json.__path__, "json.")])
print(pkgutil.get_data("pkg", "one/data.txt"), pkgutil.get_data("pkg.one", "data.txt"))
print(pkgutil.resolve_name("pkg.one.leaf:VALUE"))
importer = pkgutil.get_importer(pkg.__path__[0])
print([name for name, is_package in importer.iter_modules("x.")] if hasattr(importer, "iter_modules") else [info.name for info in pkgutil.iter_modules(pkg.__path__, "x.")])
print({"json", "os", "pkg", "asyncio", "xml"} <= {found.name for found in pkgutil.iter_modules()})
