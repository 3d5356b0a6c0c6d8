# A child Python that reads its program from stdin, and the interactive console as a module.
#| SameAsPython
import os
import subprocess
import sys

if "CHILD" in os.environ:
    sys.exit("the program was started instead of a Python")


def run(*arguments, text):
    environment = {**os.environ, "CHILD": "1"}
    done = subprocess.run([sys.executable, *arguments], input=text, capture_output=True, text=True, check=False, env=environment)
    print(done.returncode, done.stdout)


run("-i", "-q", "-", text="print(1 + 1)\nexit()\n")
run("-q", "-", text="print(3)\n")
run("-m", "code", "-q", text="print(2 + 2)\n")
