import threading
import weakref


class Thing:
    def __init__(self, name):
        self.name = name
        self.itself = self if name == "cycle" else None

    def __del__(self):
        print("gone", self.name)


things = {name: Thing(name) for name in ("plain", "held", "late", "cycle")}
references = {name: weakref.ref(thing, lambda _, name=name: print("called for", name)) for name, thing in things.items()}
known = weakref.WeakValueDictionary(things)
data = weakref.WeakKeyDictionary({things["plain"]: ["data"]})
all_threads = weakref.WeakSet([threading.main_thread()])
