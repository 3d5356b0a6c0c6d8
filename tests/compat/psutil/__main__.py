"""psutil: this process and the machine, by its C module."""

import os
import subprocess
import sys
from importlib.metadata import version

import psutil
import psutil._psutil_linux

print("psutil", psutil.__version__, version("psutil"), flush=True)
process = psutil.Process()
print(process.pid == os.getpid(), process.ppid() == os.getppid(), process.num_threads(), process.status())
print(psutil.cpu_count() == os.cpu_count(), process.cpu_affinity() == sorted(os.sched_getaffinity(0)), process.nice())
print(process.memory_info().rss > 1_000_000, psutil.virtual_memory().total > 0, process.memory_full_info().uss > 0)
with open("/proc/self/status") as file:
    print([os.path.basename(entry.path) for entry in process.open_files()], file.name)
print(psutil.net_if_addrs()["lo"][0].address, process.username() != "", process.cwd() == os.getcwd())
child = psutil.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print([one.pid for one in process.children()] == [child.pid], child.is_running(), child.ppid() == process.pid)
child.terminate()
print(child.wait(20), psutil.pid_exists(child.pid), psutil.wait_procs([], 0))
print(process.rlimit(psutil.RLIMIT_NOFILE)[0] > 0, process.ionice().ioclass.name, process.io_counters().read_count > 0)
try:
    psutil.Process(2**22 + 5)
except psutil.NoSuchProcess as error:
    print(type(error).__name__, error)
print(psutil._psutil_linux.__name__, psutil.LINUX)
