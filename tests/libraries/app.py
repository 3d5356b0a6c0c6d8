"""Every way in which libraries are loaded, by ctypes: python and frozen must print the same."""

import ctypes
import os
import threading

FOLDER = os.path.join(os.path.dirname(__file__), "native")


def library(name, **options):
    return ctypes.CDLL(os.path.join(FOLDER, name), **options)


def text(function, *arguments):
    function.restype = ctypes.c_char_p
    return function(*arguments).decode()


def in_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


middle = library("libmiddle.so")
print("order", text(middle.middle_order))
print("sum", middle.middle_sum())
print("threads", middle.middle_thread(), middle.middle_thread(), in_thread(middle.middle_thread))
print("where", text(middle.middle_where))
print("plugin by origin", text(middle.middle_plugin, b"$ORIGIN/libplugin.so"))
print("plugin by path", text(middle.middle_plugin, os.path.join(FOLDER, "libplugin.so").encode()))
print("plugin by name", text(middle.middle_plugin, b"libplugin.so"))
print("no plugin", text(middle.middle_plugin, b"libnone.so"), text(middle.middle_plugin, b"/nowhere/libnone.so"))
print("next", middle.middle_next(), "older", middle.middle_old_version())
print("headers", middle.middle_headers(), "frames", middle.middle_unwinds())
print("reads", middle.middle_reads(os.path.join(FOLDER, "libmiddle.so").encode()) // 10)
base = library("libbase.so")
print("base", base.base_version(), base.base_chosen(), base.base_without(), ctypes.c_int.in_dll(base, "base_value").value)
try:
    base.no_such_function
except AttributeError as error:
    print("missing", "no_such_function" in str(error))
if os.path.exists(os.path.join(FOLDER, "libone.so")):
    print("circle", library("libone.so").circle())
fixed = library("libfixed.so")
print("fixed", fixed.fixed_value(), fixed.fixed_value(), in_thread(fixed.fixed_value))
for name in ("libundefined.so", "libnone.so"):
    try:
        library(name)
    except OSError as error:
        print("refused", str(error).replace(FOLDER, "<folder>"))
library("libshared.so", mode=ctypes.RTLD_GLOBAL)
print("global", library("libuser.so").user_value())
if os.path.exists(os.path.join(FOLDER, "libcatcher.so")):
    catcher = library("libcatcher.so")
    print("caught", [text(catcher.caught, kind) for kind in range(4)])
    thrower = library("libthrower.so")
    print("thread-local", thrower.in_thread(), thrower.in_thread())
with open(os.path.join(FOLDER, "libplugin.so"), "rb") as file:
    content = file.read()
    print("file", len(content) == os.path.getsize(file.name), hash(content) == hash(open(file.name, "rb").read()))
    import hashlib

    print("digest", hashlib.sha256(content).hexdigest())
if os.fork() == 0:
    os._exit(middle.middle_sum() % 100)
print("fork", os.waitstatus_to_exitcode(os.wait()[1]))
