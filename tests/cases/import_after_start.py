# Modules that nothing has imported yet are imported as ever, from the executable and from a folder.
#| SameAsPython
#| File: beside.py=value = 'from the folder'
import sys

before = set(sys.modules)


def late():
    import http.cookies
    import sched
    import shelve
    import wsgiref.simple_server

    return http.cookies, sched, shelve, wsgiref.simple_server


print([module.__name__ for module in late()], "colorsys" in sys.modules, before <= set(sys.modules))
sys.path.insert(0, ".")
import beside

print(beside.value, sys.modules["__main__"].__dict__ is globals(), __name__, __spec__)
del sys.modules["sched"]
import sched

print(sched is sys.modules["sched"], sys.getswitchinterval(), sys.gettrace(), sys.getprofile())
