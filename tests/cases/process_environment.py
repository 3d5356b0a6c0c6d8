# The environment is that of this process, in all its views, and changes reach children.
#| SameAsPython
#| Env: ZED=zed
#| Env: UMLAUT=ä
import os
import posix
import subprocess
from os import environ, getenv

print(os.environ["ZED"], getenv("ZED"), os.environb[b"ZED"], environ["UMLAUT"], posix.environ[b"ZED"])
print(os.environ is environ, os.environ._data is os.environb._data, sorted(environ) == sorted(os.environ.copy()))
print("PYFREEZE_VARIABLE" in os.environ, os.environ["HOME"].endswith(".home"), len(os.environ) == len(posix.environ))


def child(**options):
    return subprocess.check_output(["/bin/sh", "-c", "echo $ZED $NEW"], text=True, **options).split()


os.environ["NEW"] = "1"
os.environb[b"ZED"] = b"\xff\xfe"
print(child(errors="surrogateescape"), ascii(os.environ["ZED"]))
del os.environ["NEW"]
print(child(errors="surrogateescape"), os.getenv("NEW"))
print(child(env={"ZED": "given"}))
os.environ |= {"A": "b"}
print(os.environ.pop("A"), os.environ.setdefault("ZED", "no") != "no")
