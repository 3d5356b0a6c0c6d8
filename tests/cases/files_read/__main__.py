# Files below the virtual root can be asked for in every way that Python knows.
#| SameAsPython
import fnmatch
import glob
import io
import os
import pathlib
import stat

here = os.path.dirname(os.path.abspath(__file__))
data = os.path.join(here, "data")
text = os.path.join(data, "text.txt")
print(sorted(os.listdir(data)), sorted(os.listdir(os.fsencode(data))))
print(sorted((entry.name, entry.is_dir(), entry.is_file(), entry.is_symlink(), entry.stat().st_size if entry.is_file() else None) for entry in os.scandir(data)))
print([(os.path.relpath(folder, here), sorted(folders), sorted(files)) for folder, folders, files in sorted(os.walk(data))])
print(sorted(os.path.relpath(path, here) for path in glob.glob(os.path.join(data, "**"), recursive=True)))
print(sorted(path.name for path in pathlib.Path(data).glob("*.txt")), sorted(path.name for path in pathlib.Path(data).rglob("*")))
print(os.path.exists(text), os.path.isfile(text), os.path.isdir(text), os.path.isdir(data), os.path.lexists(text), os.path.islink(text), os.path.getsize(text))
status = os.stat(text)
print(stat.S_ISREG(status.st_mode), status.st_size, stat.S_ISDIR(os.stat(data).st_mode), os.lstat(text).st_size, os.access(text, os.R_OK), os.access(text, os.X_OK))
print(os.path.samefile(text, os.path.join(data, "deeper", "..", "text.txt")), os.path.samefile(text, os.path.join(data, "other.txt")))
print(open(text).read(), open(text, "rb").read(), io.open_code(text).read(), pathlib.Path(text).read_text(), open(os.fsencode(text)).readline())
print([line.strip() for line in open(os.path.join(data, "deeper", "lines.txt"))])
for path in (os.path.join(data, "nothing"), os.path.join(text, "below"), data):
    try:
        open(path)
    except OSError as error:
        print(type(error).__name__, error)
try:
    os.listdir(text)
except OSError as error:
    print(type(error).__name__, error)
try:
    os.stat(os.path.join(data, "nothing"))
except OSError as error:
    print(type(error).__name__, error, error.filename)
print(os.path.isfile(os.path.join(data, "deeper", "..", "text.txt")), os.path.normpath(os.path.join(data, "..", "data")) == data)
print(fnmatch.filter(sorted(os.listdir(data)), "*.txt"), os.path.getsize(os.path.join(data, "big.bin")))
with open(text) as file:
    print(os.fstat(file.fileno()).st_size, file.seek(2), file.read(), file.tell(), file.writable(), file.seekable(), file.name == text)
