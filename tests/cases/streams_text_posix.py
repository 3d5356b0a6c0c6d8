# Encodings and newlines of the standard streams in the POSIX locale.
#| SameAsPython
#| Stdin: grüße\nline two\r\nlast
#| Env: LC_ALL=POSIX
import locale
import sys

print(sys.stdin.encoding, sys.stdout.encoding, sys.stdout.errors, sys.stderr.errors, sys.flags.utf8_mode, locale.getpreferredencoding())
print([line for line in sys.stdin], sys.stdin.buffer.read(), sys.stdout.newlines)
sys.stdout.buffer.write(b"bytes\xff\n")
sys.stderr.write("\ud800 lone surrogate\n")
