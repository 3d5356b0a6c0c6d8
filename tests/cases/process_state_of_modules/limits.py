import gc
import socket
import sys
import threading

gc.disable()
gc.set_threshold(500, 6, 7)
sys.setrecursionlimit(4321)
sys.setswitchinterval(0.01)
threading.stack_size(1 << 20)
socket.setdefaulttimeout(3.5)
