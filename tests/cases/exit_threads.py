# Threads: sys.exit in one, an exception in one, daemons at the end.
#| SameAsPython
import sys
import threading
import time

thread = threading.Thread(target=sys.exit, args=(5,), name="exits")
thread.start()
thread.join()
thread = threading.Thread(target=lambda: 1 / 0, name="fails")
thread.start()
thread.join()
threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
print(threading.main_thread() is threading.current_thread(), threading.current_thread().name, threading.active_count())
