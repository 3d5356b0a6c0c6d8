# On a terminal: line buffering, isatty, interactive input, colours of tracebacks.
#| SameAsPython
#| Run: tty
import os
import sys

print([stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)], sys.stdout.line_buffering, sys.stdout.encoding)
print(os.get_terminal_size().columns >= 0, os.ttyname(0).startswith("/dev/"))
1 / 0
