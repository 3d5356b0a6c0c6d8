"""cffi in ABI mode and ctypes: the C library, callbacks, structures, and libraries found by name."""

import ctypes
import ctypes.util
import os
from importlib.metadata import version

import _cffi_backend
import cffi

print("cffi", version("cffi"), _cffi_backend.__version__, flush=True)

ffi = cffi.FFI()
ffi.cdef("""
    typedef struct { int quot; int rem; } div_t;
    div_t div(int, int);
    size_t strlen(const char *);
    double cos(double);
    int getpid(void);
    char *strerror(int);
    void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
    int printf(const char *format, ...);
    int snprintf(char *text, size_t size, const char *format, ...);
    extern char **environ;
""")
library = ffi.dlopen(None)
result = library.div(17, 5)
print(result.quot, result.rem, library.strlen("hällo".encode()), library.getpid() == os.getpid())
print(ffi.string(library.strerror(2)), ffi.sizeof("div_t"), ffi.typeof("int(*)(char *)"), library.environ != ffi.NULL)


@ffi.callback("int(const void *, const void *)")
def compare(left, right):
    """Python called by C."""
    return ffi.cast("int *", left)[0] - ffi.cast("int *", right)[0]


numbers = ffi.new("int[]", [5, 2, 9, 1])
library.qsort(numbers, 4, ffi.sizeof("int"), compare)
text = ffi.new("char[]", 40)
library.snprintf(text, 40, b"%d %s %.2f", ffi.cast("int", 7), ffi.new("char[]", b"words"), ffi.cast("double", 1.5))
print(list(numbers), ffi.string(text), bytes(ffi.buffer(numbers, 4)))
print(round(ffi.dlopen("libm.so.6").cos(0.0), 3))
for action in (lambda: ffi.dlopen("libnothing.so.9"), lambda: ffi.cdef("int f(;"), lambda: library.nothing):
    try:
        action()
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0])

process = ctypes.CDLL(None, use_errno=True)
print(process.strlen(b"four"), process.access(b"/nothing", 0), os.strerror(ctypes.get_errno()))
process.Py_GetVersion.restype = ctypes.c_char_p
print(process.Py_GetVersion().decode().split()[0], ctypes.pythonapi.PyLong_AsLong(ctypes.py_object(41)))
print(ctypes.util.find_library("c"), ctypes.util.find_library("m"), ctypes.util.find_library("nothing-of-this-name"))
kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
array = (ctypes.c_int * 4)(5, 2, 9, 1)
process.qsort(array, 4, 4, kind(lambda left, right: right[0] - left[0]))
print(list(array), ctypes.string_at(ctypes.create_string_buffer(b"abc")), ctypes.sizeof(ctypes.c_longdouble))
try:
    ctypes.CDLL("libnothing.so.9")
except OSError as error:
    print(error)
