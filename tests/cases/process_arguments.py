# Arguments reach whoever looks at them, modules that took hold of `sys.argv` when they were imported included.
#| SameAsPython
#| Args: a b
#| Args: --option=x y
#| Args:
import argparse
import sys
from sys import argv

parser = argparse.ArgumentParser(prog="app")
parser.add_argument("--option", default="none")
parser.add_argument("rest", nargs="*")
print(sys.argv[1:], argv is sys.argv, argparse._sys.argv[1:])
print(parser.parse_args())
print(sys.orig_argv[-1:] == sys.argv[-1:], sys.flags.optimize, sys.flags.utf8_mode, sys.flags.dev_mode)
