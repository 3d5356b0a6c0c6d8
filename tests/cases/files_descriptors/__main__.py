# A file below the virtual root has a real descriptor: for mmap, os.read, seek, sendfile, other processes.
#| SameAsPython
import mmap
import os
import subprocess
import sys

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data.txt")
number = os.open(path, os.O_RDONLY)
print(os.read(number, 4), os.lseek(number, -3, os.SEEK_END), os.read(number, 10), os.pread(number, 3, 1), os.fstat(number).st_size)
print(os.get_inheritable(number), os.dup(number) > number)
os.lseek(number, 0, os.SEEK_SET)
with mmap.mmap(number, 0, access=mmap.ACCESS_READ) as mapped:
    print(mapped[:4], mapped.size(), mapped.find(b"end"))
os.lseek(number, 0, os.SEEK_SET)
print(subprocess.run(["cat"], stdin=number, capture_output=True, check=True).stdout)
reading, writing = os.pipe()
print(os.sendfile(writing, number, 0, 4), os.read(reading, 10))
try:
    os.write(number, b"x")
except OSError:
    # EBADF from disk, EPERM from a sealed memory file.
    print("not writable")
os.close(number)
with open(path, "rb", buffering=0) as file:
    print(file.readall(), file.closed)
child = subprocess.run([sys.executable, "-c", "import sys; print(len(open(sys.argv[1]).read()))", path], capture_output=True, text=True, check=False)
print(child.stdout, child.stderr)
with open(path) as one, open(path) as two:
    print(one.read(3), two.read(5), one.read(3))
