# Exceptions nobody catches reach the hooks of this program.
#| SameAsPython
import sys
import threading
import warnings

sys.excepthook = lambda kind, *_: print("hook", kind.__name__)
threading.excepthook = lambda arguments: print("thread's hook", arguments.exc_type.__name__)
sys.unraisablehook = lambda arguments: print("unraisable", arguments.exc_type.__name__)


class Failing:
    def __del__(self):
        raise ValueError


thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
Failing()
warnings.simplefilter("error")
try:
    warnings.warn("a warning")
except UserWarning as error:
    print(error)
raise KeyError
