"""orjson: writing and reading JSON in Rust, numpy left out."""

import dataclasses
import datetime
import uuid
from importlib.metadata import version

import orjson

print("orjson", orjson.__version__, version("orjson"), flush=True)


@dataclasses.dataclass
class Point:
    """Serialised natively."""

    x: int
    name: str


value = {
    "text": "ü\u2028\0",
    "float": 0.1,
    "big": 2**53,
    "none": None,
    "point": Point(1, "p"),
    "at": datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc),
    "id": uuid.UUID(int=5),
    "list": [True, [], {}, (1, 2)],
}
options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC
text = orjson.dumps(value, option=options)
print(text.decode())
print(orjson.loads(text)["point"], orjson.loads(b'"\\ud83d\\ude00"'), orjson.dumps(orjson.Fragment(b"[1 ]")))
print(orjson.dumps({1: complex(1, 2)}, default=str, option=orjson.OPT_NON_STR_KEYS))
for action in (lambda: orjson.loads('{"a": [1, }'), lambda: orjson.dumps({1, 2}), lambda: orjson.loads(b"\xff")):
    try:
        action()
    except ValueError as error:
        print(f"{type(error).__name__}: {error}")
    except TypeError as error:
        print(f"{type(error).__name__}: {error}")
total = orjson.loads(orjson.dumps(list(range(100000))))
print(sum(total), orjson.orjson.__name__)
