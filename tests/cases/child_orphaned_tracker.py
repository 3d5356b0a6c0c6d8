# multiprocessing's resource tracker does its work also where the process that has started it is gone before it looks.
#| SameAsPython
import os
import sys
from multiprocessing import shared_memory

memory = shared_memory.SharedMemory(create=True, size=10, track=False)
tracked, commands = os.pipe()
errors, said = os.pipe()
parent = os.getpid()
if os.fork() == 0:
    starter = os.getpid()
    if os.fork() == 0:
        while os.getppid() == starter:
            pass
        os.dup2(said, 2)
        os.set_inheritable(tracked, True)
        os.close(commands)
        os.execv(
            sys.executable,
            [sys.executable, "-c", f"from multiprocessing.resource_tracker import main;main({tracked})"],
        )
    os._exit(0)
os.wait()
os.close(tracked)
os.close(said)
os.write(commands, f"REGISTER:/{memory.name}:shared_memory\n".encode())
os.close(commands)
with open(errors) as file:
    print(file.read().replace(memory.name, "NAME"))
print(os.path.exists(f"/dev/shm/{memory.name}"))
memory.close()
