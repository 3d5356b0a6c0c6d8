# What is below the virtual root can be copied out of it, with shutil, tarfile and zipfile.
#| SameAsPython
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

here = Path(__file__).resolve().parent
shutil.copy(here / "tree" / "a.txt", "copied.txt")
shutil.copyfile(here / "tree" / "a.txt", "copied2.txt")
shutil.copy2(here / "tree" / "a.txt", "copied3.txt")
shutil.copytree(here / "tree", "tree")
with open("copied.txt", "a") as file:
    file.write("more")
with tarfile.open("tree.tar", "w") as archive:
    archive.add(here / "tree", "tree")
with zipfile.ZipFile("tree.zip", "w") as archive:
    for path in sorted((here / "tree").rglob("*")):
        archive.write(path, path.relative_to(here))
print(sorted(path.as_posix() for path in Path(".").rglob("*") if ".home" not in path.parts))
print(Path("copied.txt").read_text(), Path("tree/sub/b.txt").read_text(), os.access("tree/sub/b.txt", os.W_OK) or os.getuid() != 0)
print(sorted(tarfile.open("tree.tar").getnames()), zipfile.ZipFile("tree.zip").namelist())
