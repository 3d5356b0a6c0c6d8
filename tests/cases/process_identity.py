# Process, thread and machine are those of this run.
#| SameAsPython
import getpass
import multiprocessing.util
import os
import platform
import pwd
import resource
import socket
import threading

os.environ["LOGNAME"] = pwd.getpwuid(os.getuid()).pw_name
print(os.getpid() == int(os.readlink("/proc/self")), multiprocessing.current_process().pid == os.getpid())
print(multiprocessing.parent_process(), multiprocessing.current_process().name, os.getppid() > 0)
main = threading.main_thread()
print(main.ident == threading.get_ident(), threading.current_thread() is main, threading.enumerate() == [main], main.is_alive())
print(main.native_id == threading.get_native_id() == os.getpid(), threading.active_count(), main.name)
print(platform.node() == socket.gethostname() == os.uname().nodename, platform.system(), platform.machine() == os.uname().machine)
print(getpass.getuser() == pwd.getpwuid(os.getuid()).pw_name)
print(os.sysconf("SC_OPEN_MAX") == resource.getrlimit(resource.RLIMIT_NOFILE)[0] == multiprocessing.util.MAXFD)
