"""Data: sqlite3, json, csv, pickle, marshal, expat, hashlib and friends, uuid, collections, contextvars."""

import binascii
import collections
import contextvars
import copy
import csv
import functools
import hashlib
import hmac
import io
import json
import marshal
import pickle
import plistlib
import queue
import secrets
import sqlite3
import tomllib
import uuid
import weakref
import xml.dom.minidom
import xml.etree.ElementTree
import xml.sax


def visit_sqlite3():
    """_sqlite3 with full-text search, JSON, and Python's own defaults."""
    with sqlite3.connect(":memory:") as connection:
        yield "foreign keys", connection.execute("PRAGMA foreign_keys").fetchone()[0]
        connection.execute("CREATE VIRTUAL TABLE notes USING fts5(body)")
        connection.executemany("INSERT INTO notes VALUES (?)", [("cold winters",), ("warm summers",), ("winters again",)])
        yield connection.execute("SELECT body FROM notes WHERE notes MATCH 'winters' ORDER BY rowid").fetchall()
        yield connection.execute("""SELECT json_extract('{"a": [1, 2, 3]}', '$.a[1]'), '{"b": 1}' ->> 'b'""").fetchone()
        yield connection.execute("CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1)").fetchall()
        connection.create_function("twice", 1, lambda number: number * 2)
        yield connection.execute("SELECT twice(21)").fetchone(), sqlite3.threadsafety
        dump = "\n".join(connection.iterdump())
        yield "CREATE VIRTUAL TABLE" in dump, len(connection.serialize()) % 512
    connection.close()


def visit_hashlib():
    """_hashlib (OpenSSL) and the builtin _md5, _sha1, _sha2, _sha3, _blake2."""
    for name in sorted(hashlib.algorithms_guaranteed):
        digest = hashlib.new(name, b"pyfreeze", usedforsecurity=False)
        yield name, digest.hexdigest(8) if name.startswith("shake") else digest.hexdigest()[:16]
    yield hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000).hex()[:16], hashlib.scrypt(b"p", salt=b"s", n=16, r=1, p=1).hex()[:16]
    yield hmac.new(b"key", b"message", "sha512").hexdigest()[:16], len(secrets.token_bytes(16))
    yield "sha512_256" in hashlib.algorithms_available, "ripemd160" in hashlib.algorithms_available


def visit_xml():
    """pyexpat and _elementtree."""
    root = xml.etree.ElementTree.fromstring("<a x='1'>é<b/>tail<c>&lt;</c></a>")
    yield [element.tag for element in root.iter()], root[0].tail, root[1].text
    yield xml.etree.ElementTree.tostring(root)
    yield xml.dom.minidom.parseString("<p><q/></p>").toxml()
    names = []
    handler = xml.sax.ContentHandler()
    handler.startElement = lambda name, attributes: names.append(name)
    xml.sax.parseString("<one><two/></one>", handler)
    yield names


def visit_serialization():
    """_json, _csv, _pickle, marshal, binascii, plistlib, tomllib."""
    value = {"text": "snow ☃", "numbers": [1, 2.5, None, True]}
    yield json.dumps(value, sort_keys=True), json.loads(json.dumps(value)) == value
    out = io.StringIO()
    csv.writer(out).writerows([["a,b", 'quoted "c"'], [1, 2]])
    yield out.getvalue(), list(csv.reader(io.StringIO(out.getvalue())))
    yield pickle.loads(pickle.dumps(value, protocol=5)) == value, marshal.loads(marshal.dumps((1, "x"))), copy.deepcopy(value) == value
    yield binascii.crc32(b"pyfreeze"), binascii.b2a_base64(b"pyfreeze"), plistlib.loads(plistlib.dumps(value["numbers"][:2]))
    yield tomllib.loads("[tool.pyfreeze]\nprune = true")


def visit_uuid():
    """_uuid."""
    yield uuid.uuid5(uuid.NAMESPACE_DNS, "python.org"), uuid.uuid4().version, uuid.uuid1().version, uuid.uuid1() != uuid.uuid1()


def visit_collections():
    """_collections, _contextvars, _functools, _queue, _weakref."""
    yield collections.Counter("mississippi").most_common(2), collections.deque([1, 2, 3], 2)
    variable = contextvars.ContextVar("variable", default="outside")
    yield contextvars.copy_context().run(lambda: (variable.set("inside"), variable.get())[1]), variable.get()
    lines = queue.SimpleQueue()
    lines.put(functools.reduce(lambda left, right: left * right, range(1, 6)))
    yield lines.get(), weakref.ref(collections.OrderedDict())() is None
