# Temporary files are where this process's environment says.
#| SameAsPython
#| Env: TMPDIR=/var/tmp
import os
import tempfile

print(tempfile.gettempdir(), tempfile.tempdir)
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x")
    print(os.path.exists(file.name), os.path.dirname(file.name))
print(os.path.exists(file.name))
with tempfile.TemporaryDirectory() as folder, tempfile.SpooledTemporaryFile() as spooled:
    spooled.write(b"x")
    print(os.listdir(folder))
