"""psycopg with its bundled libpq: which implementation is loaded, conversions, and the text of connection errors."""

import datetime
import decimal
import socket
from importlib.metadata import version

import psycopg
import psycopg_binary
from psycopg import adapt, pq, sql
from psycopg.types.json import Jsonb

print("psycopg", version("psycopg"), version("psycopg-binary"), flush=True)
print("implementation", pq.__impl__, pq.version() == pq.__build_version__, pq.version() // 10000)
print(psycopg_binary._psycopg.__name__, psycopg._cmodule._psycopg is not None)

print(psycopg.conninfo.conninfo_to_dict("postgresql://me@host:1234/db?connect_timeout=3"))
print(sql.SQL("select {} from {} where x = {}").format(sql.Identifier("a"), sql.Identifier("t"), sql.Literal("it's")).as_string())
transformer = adapt.Transformer()
for value in (1, 2.5, "ü", True, decimal.Decimal("1.10"), datetime.date(2024, 2, 29), [1, 2], Jsonb({"a": 1})):
    dumper = transformer.get_dumper(value, adapt.PyFormat.BINARY if isinstance(value, int) else adapt.PyFormat.TEXT)
    print(type(dumper).__module__.split(".")[0], type(dumper).__name__, bytes(dumper.dump(value)))
print(transformer.get_loader(1082, pq.Format.TEXT).load(b"2024-02-29"), pq.Escaping().escape_string(b"it's"))

with socket.socket() as unused:
    unused.bind(("127.0.0.1", 0))
    port = unused.getsockname()[1]
    for text in (f"host=127.0.0.1 port={port}", "host=/nowhere", "nonsense", "host=127.0.0.1 sslrootcert=/none sslmode=what"):
        try:
            psycopg.connect(text, connect_timeout=5, user="me")
        except psycopg.Error as error:
            print(f"{type(error).__name__}: {str(error).replace(str(port), 'PORT').strip()}")
with socket.create_server(("127.0.0.1", 0)) as server:
    pending = pq.PGconn.connect_start(f"host=127.0.0.1 port={server.getsockname()[1]} user=me sslmode=disable".encode())
    connection, _ = server.accept()
    pending.connect_poll()
    pending.connect_poll()
    print("startup packet", connection.recv(200)[4:8].hex())
    connection.close()
    pending.finish()
