# A reader that goes away early: BrokenPipeError, and status 120 if it happens at the last flush.
#| SameAsPython
#| Run: pipe
#| Args: much
#| Args: default_action
import signal
import sys

if sys.argv[1] == "default_action":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
print("first")
sys.stdout.flush()
for number in range(100_000):
    print("line", number)
