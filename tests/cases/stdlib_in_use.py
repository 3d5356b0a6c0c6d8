# Modules of the standard library do their work, whenever they were imported.
#| SameAsPython
import contextvars
import ctypes
import dataclasses
import datetime
import decimal
import enum
import functools
import hashlib
import importlib
import json
import mmap
import pickle
import re
import sqlite3
import ssl
import time
import typing
import unittest
import uuid

connection = sqlite3.connect(":memory:")
connection.execute("create table t(a)")
connection.executemany("insert into t values(?)", [(number,) for number in range(1000)])
print(connection.execute("select sum(a), sqrt(16) from t").fetchone())
context = ssl.create_default_context()
print(len(context.get_ca_certs()) >= 0, ssl.OPENSSL_VERSION.split()[0], context.check_hostname)
digests = [hashlib.sha256(b"x"), hashlib.new("sha512", b"x"), hashlib.blake2b(b"x"), hashlib.md5(b"x")]
print([digest.hexdigest()[:8] for digest in digests], hashlib.pbkdf2_hmac("sha1", b"a", b"b", 10).hex()[:8])
print(hashlib.scrypt(b"a", salt=b"b", n=4, r=1, p=1).hex()[:8])
library = ctypes.CDLL("libc.so.6")
buffer = ctypes.create_string_buffer(b"abc")
ctypes.memset(buffer, 65, 2)
copy = ctypes.create_string_buffer(4)
ctypes.memmove(copy, buffer, 3)
print(library.abs(-3), ctypes.pythonapi.PyLong_AsLong(ctypes.py_object(5)), ctypes.string_at(b"abc"), copy.value)
numbers = (ctypes.c_int * 3)(3, 1, 2)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
library.qsort(numbers, 3, 4, compare(lambda left, right: left[0] - right[0]))
print(list(numbers))
importlib.reload(json)
print(json.loads("[1]"))
memory = mmap.mmap(-1, 4096)
memory[0] = 1
print(memory[0])
variable = contextvars.ContextVar("variable", default=1)
print(contextvars.copy_context().run(lambda: (variable.set(3), variable.get())[1]), variable.get())


class Colour(enum.Enum):
    RED = enum.auto()


@dataclasses.dataclass
class Point:
    x: int = 1
    y: typing.Optional[str] = None


objects = [datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC), decimal.Decimal("1.1"), uuid.UUID(int=5), Colour.RED, Point(2)]
print(pickle.loads(pickle.dumps(objects)) == objects, typing.get_type_hints(Point)["y"])
print(re.sub(r"(\w+) (\w+)", r"\2 \1", "a b"), re.fullmatch("a+", "aaa").span(), re.compile("a+") is re.compile("a+"))
print(time.perf_counter() > 0, time.process_time() < 60, time.monotonic() > 0, abs(time.time() - datetime.datetime.now().timestamp()) < 60)
print(functools.reduce(lambda left, right: left + right, range(5)))


class Case(unittest.TestCase):
    def test(self):
        self.assertEqual(1, 1)


print(unittest.TextTestRunner(stream=open("/dev/null", "w")).run(Case("test")))
