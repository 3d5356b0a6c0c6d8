# Memory of modules can be given back and grown, in any amount.
#| SameAsPython
import asyncio
import email
import gc
import http.client
import json
import sqlite3
import string
import sys
import unittest
import xml.etree.ElementTree

words = ("asyncio", "email", "http", "json", "sqlite3", "unittest", "urllib", "xml")
for name in [name for name in sys.modules if name.partition(".")[0] in words]:
    del sys.modules[name]
del asyncio, email, http, json, sqlite3, unittest, xml
gc.unfreeze()
gc.collect()
gc.collect()
blocks = [bytearray(size) for size in range(5000)]
import asyncio
import email.message
import json

print(json.dumps([1]), len(blocks), email.message.Message().is_multipart(), asyncio.run(asyncio.sleep(0, 2)))
for number in range(10_000):
    sys.modules[f"module{number}"] = string
for number in range(10_000):
    del sys.modules[f"module{number}"]
names = string.__dict__
for number in range(10_000):
    names[f"name{number}"] = number
print(len([name for name in names if name.startswith("name")]))
for _ in range(50):
    large = bytearray(10_000_000)
tables = [{number: str(number) for number in range(100)} for _ in range(2000)]
del tables
print(gc.collect() >= 0)
