# What is still alive at the end is finalised as python finalises it.
#| SameAsPython
import sys
import tempfile
import weakref


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, sys.is_finalizing())


noisy = Noisy("global")
cycle = [Noisy("in a cycle")]
cycle.append(cycle)
weakref.finalize(noisy, print, "finalize")
file = open("left_open.txt", "w")
file.write("flushed at the end")
generator = (number for number in [1, 2])
next(generator)
folder = tempfile.TemporaryDirectory(dir=".")
print("main ends")
