# Signal dispositions at start are python's, whatever the parent left.
#| SameAsPython
import signal

for number in sorted(signal.valid_signals()):
    handler = signal.getsignal(number)
    if handler not in (signal.SIG_DFL, None):
        print(int(number), getattr(handler, "name", handler) if not callable(handler) or handler in (signal.SIG_IGN,) else handler.__name__)
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
