# sys.executable is a Python for the program's children.
#| SameAsPython
import os
import subprocess
import sys

if "CHILD" in os.environ:
    sys.exit("the program was started instead of a Python")


def run(*arguments, **options):
    environment = {**os.environ, "CHILD": "1"}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment, **options)
    print(arguments[:2], done.returncode, done.stdout, done.stderr.replace(sys.executable, "EXE"))


run("-c", "print('hello', __name__)")
run("-c", "import sys; print(sys.argv, sys.orig_argv[1:]); sys.exit(4)", "a", "--b")
run("-c", "1/0")
run("-I", "-c", "import sys; print(sys.flags.isolated, sys.path[0] != '')")
run("-E", "-s", "-c", "import sys; print(sys.flags.ignore_environment, sys.flags.no_user_site)")
run("-O", "-c", "assert 0; print(__debug__)")
run("-W", "error", "-c", "import warnings; warnings.warn('w')")
run("-X", "utf8", "-c", "import sys; print(sys.flags.utf8_mode)")
run("-u", "-B", "-c", "import sys; print(sys.flags.dont_write_bytecode, sys.stdout.write_through)")
run("-m", "json.tool", "--compact", input='{"a": [1, 2]}')
run("-m", "base64", "-e", input="text")
run("-m", "nothing_of_this_name")
run("-V")
run("--version")
run("-c", "import json, sqlite3, ssl; print(json.dumps([1]))")
run("-", input="print('from stdin', __name__)")
with open("script.py", "w") as file:
    file.write("import sys; print('a script', sys.argv, __file__, sys.path[0] == __import__('os').getcwd())")
run("script.py", "x")
run("-c", "import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'print(6*7)'], capture_output=True, text=True).stdout)")
