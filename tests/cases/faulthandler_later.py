# A watchdog's traceback names the program's files.
#| SameAsPython
import faulthandler
import sys
import time

faulthandler.dump_traceback(sys.stdout)
faulthandler.dump_traceback_later(0.2, exit=True)
time.sleep(30)
