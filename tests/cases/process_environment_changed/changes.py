import os

os.environ["CHANGED"] = "after"
os.environ["NEW"] = "new"
os.environ.pop("GONE", None)
os.environb[b"BYTES"] = b"\xff"
os.environ["PASSING"] = "1"
del os.environ["PASSING"]
os.putenv("PUT", "unseen")
SEEN = [name for name in os.environ if name.startswith("NE")]
