# Every way to end a program gives the status and the words that python gives.
#| SameAsPython
#| Args: end
#| Args: sys.exit()
#| Args: sys.exit(3)
#| Args: sys.exit(256+7)
#| Args: sys.exit(-1)
#| Args: sys.exit("a message")
#| Args: sys.exit(None)
#| Args: sys.exit([1,2])
#| Args: sys.exit(True)
#| Args: sys.exit(2.5)
#| Args: sys.exit(2**70)
#| Args: sys.exit((1,2))
#| Args: raise SystemExit
#| Args: raise SystemExit(4)
#| Args: exit(5)
#| Args: quit()
#| Args: os._exit(6)
#| Args: 1/0
#| Args: raise BaseException("base")
#| Args: raise GeneratorExit
#| Args: raise KeyError("ünï")
#| Args: raise OSError(2,"words","file")
#| Args: raise ExceptionGroup("g",[SystemExit(3)])
#| Args: class E(Exception):__str__=lambda s:1/0\nraise E
#| Args: sys.excepthook=lambda *a:print("hook",a[0]);1/0
#| Args: sys.excepthook=lambda *a:0/0;1/0
#| Args: sys.excepthook=None;1/0
#| Args: del sys.excepthook;1/0
#| Args: sys.stderr=None;1/0
#| Args: sys.stdout=None
#| Args: del sys.stdout
#| Args: os.abort()
#| Args: os.kill(os.getpid(),15)
#| Args: os.kill(os.getpid(),11)
#| Args: raise MemoryError
#| Args: assert 0,"why"
import os
import sys

text = " ".join(sys.argv[1:]).replace("\\n", "\n")
print("before")
sys.stdout.flush()
if text != "end":
    exec(text)
