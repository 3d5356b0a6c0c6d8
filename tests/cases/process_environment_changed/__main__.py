# What modules assign to the environment when they are imported is there, for the program, for C and for children.
#| SameAsPython
#| Env: CHANGED=before
#| Env: GONE=gone
import os
import subprocess

import changes

print(os.environ["CHANGED"], os.environ["NEW"], os.getenv("GONE"), os.environb[b"BYTES"], changes.SEEN)
print(subprocess.check_output(["/bin/sh", "-c", "echo $CHANGED $NEW $GONE."], text=True))
print(os.getenv("PUT"), subprocess.check_output(["/bin/sh", "-c", "echo $PUT"], text=True))
