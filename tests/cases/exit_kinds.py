# Every way to end: status, messages, and all that is written before.
#| SameAsPython
#| Args: normal
#| Args: status
#| Args: message
#| Args: exception
#| Args: files
#| Args: folder
#| Args: systemexit_in_atexit
import asyncio
import atexit
import io
import logging
import sys
import tempfile

part = sys.argv[1]
atexit.register(print, "first registered, last called")
atexit.register(print, "last registered, first called")
print("out")
print("err", file=sys.stderr)
if part == "status":
    sys.exit(7)
if part == "message":
    sys.exit("a message")
if part == "exception":
    raise ZeroDivisionError("uncaught")
if part == "files":
    text = open("text.txt", "w")
    text.write("text")
    binary = open("binary.txt", "wb", buffering=100)
    binary.write(b"binary")
    both = open("both.txt", "w+b")
    both.write(b"both")
    wrapped = io.TextIOWrapper(io.BufferedWriter(io.FileIO("wrapped.txt", "w")), "utf-16")
    wrapped.write("wrapped")

    class Kept:
        """Its file is written by nobody else."""

        def __init__(self):
            self.file = open("kept.txt", "w")
            self.file.write("kept")
            self.itself = self

    Kept()

    def look():
        print("atexit", open("text.txt").read() == "")

    atexit.register(look)
if part == "folder":
    folder = tempfile.TemporaryDirectory()
    logging.basicConfig(format="%(message)s")
    logging.warning("a warning")
    asyncio.new_event_loop()
if part == "systemexit_in_atexit":
    atexit.register(sys.exit, 5)
