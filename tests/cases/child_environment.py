# Children get the environment they were given: nothing of ours is added to it.
#| SameAsPython
#| Env: MARK=here
import os
import subprocess
import sys

print(sorted(name for name in os.environ if name not in ("_", "HOME", "PWD", "SHLVL")))
done = subprocess.run(["env"], capture_output=True, text=True, check=False)
print(sorted(line.split("=")[0] for line in done.stdout.splitlines() if not line.startswith(("_=", "HOME=", "PWD="))))
done = subprocess.run(["sh", "-c", "ls /proc/self/fd | wc -l"], capture_output=True, text=True, check=False)
print(done.stdout)
done = subprocess.run(["sh", "-c", "ls /proc/self/fd | wc -l"], capture_output=True, text=True, check=False, close_fds=False)
print(done.stdout)
