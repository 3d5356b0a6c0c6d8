import sys


class Loud:
    """A stream in place of another."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        return self.stream.write(text.upper())

    def __getattr__(self, name):
        return getattr(self.stream, name)


sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
sys.stdout = Loud(sys.stdout)
