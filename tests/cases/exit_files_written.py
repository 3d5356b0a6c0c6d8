# What was written to files that nobody has closed is there when the program has ended.
#| SameAsPython
import io
import os
import subprocess
import sys
import threading

PROGRAM = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, __file__]

if "PART" in os.environ:
    text = open("text", "w")
    text.write("data")
    both = open("both", "w+b")
    both.write(b"data")
    wrapped = io.TextIOWrapper(io.BufferedWriter(io.FileIO("wrapped", "w")), "utf-16")
    wrapped.write("data")

    def generate():
        with open("generator", "w") as file:
            file.write("data")
            yield
            file.write(" and more")

    suspended = generate()
    next(suspended)

    class Written:
        def __del__(self):
            with open("finaliser", "w") as file:
                file.write("data")

    cycle = [Written()]
    cycle.append(cycle)
    del cycle

    def in_thread():
        local.file = open("thread", "w")
        local.file.write("data")

    local = threading.local()
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
else:
    child = subprocess.run(PROGRAM, env=os.environ | {"PART": "1"}, capture_output=True)
    print(child.returncode, child.stdout, child.stderr)
    for name in sorted(os.listdir(".")):
        if not name.startswith("."):
            print(name, open(name, "rb").read())
