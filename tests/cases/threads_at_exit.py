# The end waits for threads, not for daemons.
#| SameAsPython
import atexit
import concurrent.futures
import threading
import time

atexit.register(print, "atexit")
threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
threading.Thread(target=lambda: (time.sleep(0.2), print("late"))).start()
executor = concurrent.futures.ThreadPoolExecutor(1)
executor.submit(lambda: (time.sleep(0.1), print("in the pool")))
print("main ends")
