# Garbage, weak references, and what happens to objects that were there before the program began.
#| SameAsPython
import argparse
import gc
import json
import logging
import sys
import weakref


class Thing:
    pass


thing = Thing()
thing.itself = thing
reference = weakref.ref(thing)
del thing
gc.collect()
print(reference() is None, gc.isenabled(), gc.get_threshold())
references = []


def make():
    thing = Thing()
    thing.itself = thing
    references.append(weakref.ref(thing))


for _ in range(20_000):
    make()
print(sum(1 for reference in references if reference() is None) > 10_000)
gc.unfreeze()
gc.collect()
print(weakref.ref(argparse.ArgumentParser)() is argparse.ArgumentParser, logging.getLogger("a") is logging.getLogger("a"))
print(sys.getrefcount([]), sys.getrefcount(None) > 1000, sys.getrefcount(json) > 0)
argparse.ArgumentParser.added = Thing()
reference = weakref.ref(argparse.ArgumentParser.added)
del argparse.ArgumentParser.added
gc.collect()
print(reference())
gc.disable()
gc.freeze()
print(gc.isenabled(), gc.get_freeze_count() > 0)
