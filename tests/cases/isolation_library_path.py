# A library of another build in LD_LIBRARY_PATH is not loaded, and nothing sets that variable for children.
#| Env: LD_LIBRARY_PATH=.
#| File: libssl.so.3=not a library
#| File: libsqlite3.so.0=not a library
#| File: libpython3.13.so.1.0=not a library
#| File: libz.so.1=not a library
#| ExpectStdout: OpenSSL [(1,)] .
import os
import sqlite3
import ssl
import zlib

print(ssl.OPENSSL_VERSION.split()[0], sqlite3.connect(":memory:").execute("SELECT 1").fetchall(), os.environ["LD_LIBRARY_PATH"])
