# Standard streams that are files, with an offset of their own, and streams that the program changes.
#| SameAsPython
import logging
import os
import subprocess
import sys

PROGRAM = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, __file__]

if part := os.environ.get("PART"):
    if part == "files":
        first = sys.stdin.readline()
        offset = sys.stdin.tell()
        sys.stdin.seek(0)
        print(repr(first), offset, repr(sys.stdin.read()), sys.stdout.tell(), sys.stdout.seekable(), sys.stdout.line_buffering)
    elif part == "lines":
        print([line for line in sys.stdin], sys.stdin.seekable(), sys.stdout.seekable(), sys.stderr.line_buffering)
    elif part == "input":
        print(input(), input())
    elif part == "dup2":
        os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
        print("nobody hears this")
    elif part == "reconfigure":
        sys.stdout.reconfigure(encoding="latin-1", line_buffering=True)
        print("ä", sys.stdout.line_buffering)
    elif part == "many":
        for number in range(20_000):
            print(number)
    elif part == "logging":
        logging.getLogger("app").warning("last resort")
        logging.basicConfig(format="%(levelname)s %(message)s")
        logging.warning("handled")
        record = logging.LogRecord("a", logging.INFO, "", 1, "", (), None)
        print(0 <= record.relativeCreated < 60_000, record.processName, record.process == os.getpid(), record.threadName)
    sys.exit()


def run(part, **options):
    return subprocess.run(PROGRAM, env=os.environ | {"PART": part}, check=True, **options)


with open("input.txt", "w") as file:
    file.write("hello\nworld\n")
with open("output.txt", "w") as output, open("input.txt") as file:
    output.write("before")
    output.flush()
    run("files", stdin=file, stdout=output)
print(open("output.txt").read())
print(run("lines", input="a\nb\né".encode(), stdout=subprocess.PIPE).stdout)
print(run("input", input=b"x\ny\n", stdout=subprocess.PIPE).stdout)
print(run("dup2", stdout=subprocess.PIPE).stdout)
print(run("reconfigure", stdout=subprocess.PIPE).stdout)
lines = run("many", stdout=subprocess.PIPE).stdout.split()
print(len(lines), lines == [b"%d" % number for number in range(20_000)])
said = run("logging", capture_output=True)
print(said.stdout, said.stderr)
