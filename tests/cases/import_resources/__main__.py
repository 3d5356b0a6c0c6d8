# importlib.resources reaches data of packages: files, nested folders, namespace folders, as_file, the old functions.
#| SameAsPython
import subprocess
from importlib import resources

root = resources.files("pkg")
print(root.name, root.is_dir(), (root / "data").is_dir(), root.joinpath("data", "text.txt").is_file())
print((root / "data/text.txt").read_text(), (root / "data/binary.bin").read_bytes())
print(sorted(path.name for path in (root / "data").iterdir()))
print((root / "data" / "nested" / "deep.txt").read_text(encoding="utf-8").strip())
print((root / "nothing").exists() if hasattr(root, "exists") else None)
try:
    (root / "nothing").read_text()
except FileNotFoundError as error:
    print(type(error).__name__)
with resources.as_file(root / "data" / "text.txt") as path:
    # Another program must be able to read what as_file gives.
    print(subprocess.run(["cat", path], capture_output=True, text=True, check=False).stdout)
with resources.as_file(root / "data") as folder:
    print(sorted(subprocess.run(["ls", folder], capture_output=True, text=True, check=False).stdout.split()))
print(resources.read_text("pkg.data", "text.txt"), resources.read_binary("pkg.data", "binary.bin"))
print(resources.is_resource("pkg.data", "text.txt"), resources.is_resource("pkg.data", "nested"))
print(sorted(resources.contents("pkg.data")))
with resources.open_text("pkg", "beside.txt") as file:
    print(file.readline())
with resources.open_binary("pkg", "beside.txt") as file:
    print(file.read(3), file.seekable())
with resources.path("pkg", "beside.txt") as path:
    print(path.name, path.read_text())
namespace = resources.files("pkg.data")
print(type(namespace).__name__, (namespace / "text.txt").read_text())
