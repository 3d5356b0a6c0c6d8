# Ctrl-C on a terminal is a KeyboardInterrupt, which ends the program as a signal if nobody catches it.
#| SameAsPython
import os
import pty
import sys
import time

PROGRAM = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, __file__]

part = os.environ.get("PART")
if part == "read":
    print("ready", sys.stdin.isatty(), sys.stdin.line_buffering, sys.stderr.line_buffering)
    print("got", input("prompt> "))
    sys.exit()
if part is not None:
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("caught")
        if part == "uncaught":
            raise
    sys.exit()


def run(part, answer):
    child, terminal = pty.fork()
    if child == 0:
        os.execve(PROGRAM[0], PROGRAM, os.environ | {"PART": part, "PYTHON_COLORS": "0"})
    said = b""
    is_answered = False
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:
            break
        if not more:
            break
        said += more
        if not is_answered and (b"prompt> " if part == "read" else b"ready") in said:
            os.write(terminal, answer)
            is_answered = True
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(status, [line for line in said.decode().splitlines() if not line.startswith(("  ", "Traceback"))])


run("read", b"abc\n")
run("caught", b"\x03")
run("uncaught", b"\x03")
