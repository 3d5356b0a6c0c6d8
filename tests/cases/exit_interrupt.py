# Ctrl-C ends a program by SIGINT with a traceback, unless it is caught.
#| SameAsPython
#| Args: uncaught
#| Args: caught
#| Args: ignored
#| Args: raised
#| Args: in_sleep
import os
import signal
import sys
import threading
import time

kind = sys.argv[1]
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.getsignal(signal.SIGPIPE).name)
sys.stdout.flush()
if kind == "uncaught":
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
elif kind == "caught":
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    except KeyboardInterrupt:
        print("caught")
elif kind == "ignored":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGINT)
    print("ignored")
elif kind == "raised":
    raise KeyboardInterrupt("words")
else:
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    time.sleep(5)
