# A forked process is a whole one: its main thread, its modules, its exit.
#| SameAsPython
import os
import random
import sys
import threading


def fork(child):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os._exit(child())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def look():
    main = threading.main_thread()
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return 3 if main.is_alive() and main is threading.current_thread() and main.native_id == os.getpid() else 4


def later():
    import colorsys

    return int(colorsys.rgb_to_hsv(0, 0, 1)[2] * 7)


called = []
os.register_at_fork(before=lambda: called.append("before"), after_in_child=lambda: called.append("child"))
print(fork(look), fork(later), fork(lambda: len(called)))
reader, writer = os.pipe()
print(fork(lambda: os.write(writer, repr(random.random()).encode())) > 0, os.read(reader, 100).decode() != repr(random.random()))
