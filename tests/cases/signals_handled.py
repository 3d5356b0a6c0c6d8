# Signals: handlers, timers, what the parent had ignored, and a pipe without a reader.
#| SameAsPython
import os
import signal
import subprocess
import sys
import time

PROGRAM = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, __file__]

if os.environ.get("PART") == "ignored":
    print(signal.getsignal(signal.SIGHUP), signal.getsignal(signal.SIGUSR2), signal.getsignal(signal.SIGINT))
    sys.exit()

print(signal.getsignal(signal.SIGPIPE), signal.getsignal(signal.SIGXFSZ), signal.getsignal(signal.SIGINT).__name__)
print(signal.getsignal(signal.SIGTERM), signal.pthread_sigmask(signal.SIG_BLOCK, []))
seen = []
for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: seen.append((number, frame is not None)))
    os.kill(os.getpid(), number)
print(seen)
signal.signal(signal.SIGALRM, lambda *_: seen.clear())
signal.setitimer(signal.ITIMER_REAL, 0.05)
start = time.monotonic()
while seen and time.monotonic() - start < 30:
    time.sleep(0.2)
print(seen)
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
reader, writer = os.pipe()
os.close(reader)
try:
    os.write(writer, b"x")
except BrokenPipeError as error:
    print(type(error).__name__)


def ignore():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)


environment = os.environ | {"PART": "ignored"}
child = subprocess.run(PROGRAM, env=environment, preexec_fn=ignore, restore_signals=False, capture_output=True, text=True)
print(child.stdout, child.stderr, child.returncode)
