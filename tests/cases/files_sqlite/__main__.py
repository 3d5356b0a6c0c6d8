# C libraries see the files, too: SQLite opens a database read-only, OpenSSL a certificate store, libc through ctypes.
#| SameAsPython
import ctypes
import os
import sqlite3
import ssl

here = os.path.dirname(os.path.abspath(__file__))
with sqlite3.connect("file:" + os.path.join(here, "data.sqlite3") + "?mode=ro&immutable=1", uri=True) as connection:
    print(connection.execute("SELECT name FROM things ORDER BY name").fetchall())
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
try:
    context.load_verify_locations(os.path.join(here, "nothing.pem"))
except OSError as error:
    print(type(error).__name__, error)
context.load_verify_locations(os.path.join(here, "ca.pem"))
print(len(context.get_ca_certs()))
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.fgets.argtypes = (ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)
file = libc.fopen(os.path.join(here, "line.txt").encode(), b"r")
buffer = ctypes.create_string_buffer(50)
libc.fgets(buffer, 50, file)
print(buffer.value)
