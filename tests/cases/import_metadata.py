# importlib.metadata knows every included distribution: version, requirements, files, entry points.
#| SameAsPython
#| Requires: pypi rich==15.0.0 pygments==2.21.0
from importlib import metadata

import rich.console

print(metadata.version("rich"), metadata.version("Pygments"), metadata.metadata("rich")["Name"])
print(sorted(metadata.requires("rich"))[:3])
files = metadata.files("rich")
print(len(files) > 50, [str(path) for path in files if path.name == "console.py"])
print([path for path in files if path.name == "console.py"][0].read_text()[:6])
print([(entry.name, entry.value, entry.group) for entry in metadata.entry_points(group="console_scripts", name="pygmentize")])
print(metadata.entry_points(group="console_scripts")["pygmentize"].load().__name__)
print(metadata.distribution("rich").read_text("INSTALLER"), "rich" in metadata.packages_distributions())
print(sorted({distribution.metadata["Name"].lower() for distribution in metadata.distributions()} & {"rich", "pygments"}))
try:
    metadata.version("nothing-of-this-name")
except metadata.PackageNotFoundError as error:
    print(error)
