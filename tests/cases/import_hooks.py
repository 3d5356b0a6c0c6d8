# A program's own finders on sys.meta_path and sys.path_hooks are asked in the order in which they stand.
#| SameAsPython
import importlib.abc
import importlib.util
import sys


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, label, names):
        self.label, self.names = label, names

    def find_spec(self, name, path, target=None):
        return importlib.util.spec_from_loader(name, self) if name in self.names else None

    def exec_module(self, module):
        module.VALUE = self.label


sys.meta_path.insert(0, Finder("first", {"made_up", "colorsys"}))
sys.meta_path.append(Finder("last", {"also_made_up", "wave"}))
import also_made_up
import colorsys
import made_up
import wave

print(made_up.VALUE, also_made_up.VALUE, colorsys.VALUE, hasattr(wave, "VALUE"))


class EntryFinder:
    def __init__(self, path):
        if path != "scheme://x":
            raise ImportError
        self.path = path

    def find_spec(self, name, target=None):
        return importlib.util.spec_from_loader(name, Finder(self.path, {name})) if name == "by_entry" else None


sys.path_hooks.append(EntryFinder)
sys.path.append("scheme://x")
import by_entry

print(by_entry.VALUE)
sys.meta_path.insert(0, type("Blocker", (), {"find_spec": staticmethod(lambda name, path, target=None: sys.modules["__main__"].block(name))}))


def block(name):
    if name == "tabnanny":
        raise ImportError("blocked", name=name)


try:
    import tabnanny
except ImportError as error:
    print(error, error.name)
importlib.invalidate_caches()
