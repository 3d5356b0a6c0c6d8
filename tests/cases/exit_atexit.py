# atexit callbacks run last to first, after threads, and their errors are told.
#| SameAsPython
#| Args: normal
#| Args: error
#| Args: exit
#| Args: exit_in_callback
#| Args: registered_late
import atexit
import sys
import threading
import time


class Finalised:
    def __del__(self):
        print("finalised")


kept = Finalised()
atexit.register(print, "first registered")
atexit.register(print, "second registered")
thread = threading.Thread(target=lambda: (time.sleep(0.1), print("thread ends")))
thread.start()
kind = sys.argv[1]
if kind == "error":
    atexit.register(lambda: 1 / 0)
elif kind == "exit":
    atexit.register(print, "before exit")
    sys.exit(9)
elif kind == "exit_in_callback":
    atexit.register(lambda: sys.exit(4))
elif kind == "registered_late":
    atexit.register(lambda: atexit.register(print, "late"))
print("main ends")
