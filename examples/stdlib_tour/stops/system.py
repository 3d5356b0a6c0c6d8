"""System: ctypes, mmap, shared memory, threads, signals, terminals, users, curses, readline, tracing."""

import ctypes
import ctypes.util
import errno
import faulthandler
import fcntl
import gc
import getpass
import grp
import io
import mmap
import multiprocessing
import os
import pwd
import resource
import signal
import subprocess
import sys
import syslog
import tempfile
import termios
import threading
import tracemalloc
from multiprocessing import shared_memory

import _interpreters
import cProfile
import curses
import curses.ascii
import curses.panel
import readline


def visit_ctypes():
    """_ctypes: libc, callbacks, structures."""
    libc = ctypes.CDLL(None, use_errno=True)
    yield libc.strlen(b"frozen"), libc.abs(-7), libc.close(-1), errno.errorcode[ctypes.get_errno()]
    compare_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * 5)(5, 1, 4, 2, 3)
    libc.qsort(numbers, 5, ctypes.sizeof(ctypes.c_int), compare_type(lambda left, right: left[0] - right[0]))
    yield list(numbers), ctypes.pythonapi.Py_GetVersion is not None
    yield ctypes.CDLL("libm.so.6").abs is not None, ctypes.sizeof(ctypes.c_longdouble)


def visit_memory():
    """mmap, _posixshmem, gc, tracemalloc."""
    with tempfile.TemporaryFile() as file:
        file.write(b"mapped" + bytes(4090))
        file.flush()
        with mmap.mmap(file.fileno(), 0) as mapped:
            mapped[0:6] = b"MAPPED"
            yield mapped[:6], mapped.find(b"PED"), len(mapped)
    block = shared_memory.SharedMemory(create=True, size=8)
    block.buf[:3] = b"abc"
    other = shared_memory.SharedMemory(name=block.name)
    yield bytes(other.buf[:3])
    other.close()
    block.close()
    block.unlink()
    tracemalloc.start()
    kept = bytes(100_000)
    yield tracemalloc.get_traced_memory()[0] >= len(kept), gc.isenabled()
    tracemalloc.stop()


def visit_threads():
    """_thread, _multiprocessing, _interpreters."""
    lock, total = threading.Lock(), []
    threads = [threading.Thread(target=lambda number=number: (lock.acquire(), total.append(number), lock.release())) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    semaphore = multiprocessing.Semaphore(1)
    yield sorted(total), semaphore.acquire(timeout=1), semaphore.acquire(timeout=0)
    interpreter = _interpreters.create()
    yield _interpreters.run_string(interpreter, "import json; assert json.loads('[1]') == [1]")
    _interpreters.destroy(interpreter)


def visit_processes():
    """_posixsubprocess, _signal, resource, select's poll through subprocess."""
    done = subprocess.run(["sh", "-c", "read line; echo got $line; exit 3"], input="this\n", capture_output=True, text=True, check=False)
    yield done.returncode, done.stdout
    received = []
    previous = signal.signal(signal.SIGUSR1, lambda number, frame: received.append(signal.Signals(number).name))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, previous)
    yield received, resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 1000
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETFL, fcntl.fcntl(reading, fcntl.F_GETFL) | os.O_NONBLOCK)
    try:
        os.read(reading, 1)
    except BlockingIOError as error:
        yield errno.errorcode[error.errno]
    os.close(reading)
    os.close(writing)


def visit_users():
    """pwd, grp, syslog."""
    yield pwd.getpwuid(0).pw_name, grp.getgrgid(0).gr_name, getpass.getuser() != ""
    syslog.openlog("stdlib_tour")
    yield syslog.LOG_UPTO(syslog.LOG_ERR)


def visit_terminal():
    """termios, _curses, _curses_panel, readline; without a terminal."""
    leader, follower = os.openpty()
    attributes = termios.tcgetattr(follower)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(follower, termios.TCSANOW, attributes)
    yield termios.tcgetattr(follower)[3] & termios.ECHO, os.isatty(follower)
    curses.setupterm("xterm", follower)
    yield curses.tigetnum("colors"), curses.tigetstr("clear"), curses.tparm(curses.tigetstr("cup"), 1, 2)
    os.close(leader)
    os.close(follower)
    yield curses.ascii.unctrl("\x07"), curses.panel.version
    readline.parse_and_bind("tab: complete")
    readline.add_history("a line")
    yield readline.get_current_history_length(), readline.get_history_item(1)


def visit_debugging():
    """faulthandler, _lsprof, _tracemalloc, sys."""
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        yield b"visit_debugging" in file.read()
    profile = cProfile.Profile()
    profile.runcall(sum, [1, 2])
    yield len(profile.getstats()) > 0, sys.getsizeof(1), sys.implementation.name, ctypes.util.find_library("c") is not None
    yield io.text_encoding(None), sys.getfilesystemencoding(), sys.maxsize
