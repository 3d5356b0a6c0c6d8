# What modules change of their process when they are imported.
#| SameAsPython
import faulthandler
import gc
import os
import signal
import socket
import sys
import threading
import tracemalloc

import faults
import limits
import memory
import streams

print(faults.__name__, faulthandler.is_enabled())
print(limits.__name__, gc.isenabled(), gc.get_threshold(), sys.getrecursionlimit(), sys.getswitchinterval())
print(threading.stack_size(), socket.getdefaulttimeout())
blocks = [bytes(1000 + number) for number in range(100)]
print(memory.__name__, tracemalloc.is_tracing(), tracemalloc.get_traceback_limit())
print(tracemalloc.get_object_traceback(blocks[5]) is not None, tracemalloc.get_traced_memory()[0] > 100_000)
print(streams.__name__, sys.stdout.errors, sys.stdout.line_buffering, "\ud800")

reading, writing = os.pipe()
if os.fork() == 0:
    os.dup2(writing, 2)
    os.kill(os.getpid(), signal.SIGSEGV)
os.close(writing)
with open(reading) as pipe:
    said = pipe.read()
print(os.waitstatus_to_exitcode(os.wait()[1]), "Fatal Python error: Segmentation fault" in said, "__main__.py" in said)
