# Objects that an import made and somebody watches by a weak reference end when the last reference goes.
#| SameAsPython
import os
import threading
import warnings

import things


def main():
    held = things.things["held"]
    print(sorted(things.known), len(things.data))
    del things.things["plain"]
    print(sorted(things.known), len(things.data), things.references["plain"]() is None)
    del things.things["held"]
    print(things.references["held"]() is held)
    del held
    print(sorted(things.known))


def fork():
    warnings.simplefilter("ignore", DeprecationWarning)
    # The child's main thread is this one; nothing remembers the other.
    if os.fork() == 0:
        print([thread.name for thread in things.all_threads], flush=True)
        os._exit(0)
    os.wait()


main()
thread = threading.Thread(target=fork)
thread.start()
thread.join()
