"""msgpack: the compiled packer and unpacker, with extension types and streaming."""

import datetime
import io
from importlib.metadata import version

import msgpack

print("msgpack", version("msgpack"), msgpack.Packer.__module__, msgpack.Unpacker.__module__, flush=True)

value = {"list": [1, -1, 2**63, 1.5, None, True], "bytes": b"\0\xff", "text": "ü" * 40, "at": msgpack.Timestamp(1, 2)}
data = msgpack.packb(value)
print(len(data), data[:20].hex(), msgpack.unpackb(data) == value)
print(msgpack.unpackb(msgpack.packb(datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc), datetime=True), timestamp=3))
print(msgpack.unpackb(msgpack.packb(1 + 2j, default=lambda c: msgpack.ExtType(5, f"{c}".encode()))))
unpacker = msgpack.Unpacker(io.BytesIO(data * 3), use_list=False)
print([item["list"][:2] for item in unpacker], unpacker.tell() == 3 * len(data))
for action in (lambda: msgpack.unpackb(b"\xc1"), lambda: msgpack.unpackb(b"\x92\x01"), lambda: msgpack.packb(object)):
    try:
        action()
    except Exception as error:
        print(f"{type(error).__module__}.{type(error).__name__}: {error}")
