# Standard streams that are not there (this time: closed-stderr) are met as python meets them.
#| SameAsPython
#| Run: closed-stderr
#| Args: print
#| Args: nothing
#| Args: error
#| Args: read
#| Args: open
import os
import sys

kind = sys.argv[1]
with open("seen.txt", "w") as file:
    print(*(stream if stream is None else (stream.name, stream.fileno()) for stream in (sys.stdin, sys.stdout, sys.stderr)), file=file)
if kind == "print":
    print("some text")
elif kind == "error":
    print("to stderr", file=sys.stderr)
    1 / 0
elif kind == "read":
    print(repr(sys.stdin if sys.stdin is None else sys.stdin.read()))
elif kind == "open":
    number = os.open(__file__, os.O_RDONLY)
    sys.exit(0 if number > 2 or number >= 0 else 1)
