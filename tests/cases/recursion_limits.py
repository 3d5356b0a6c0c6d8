# Deep recursion in Python and in C ends in an exception, and goes as deep as it should.
#| SameAsPython
import ast
import json
import sys


def endless():
    return endless()


def down(depth):
    return 0 if depth == 0 else 1 + down(depth - 1)


try:
    endless()
except RecursionError as error:
    print(error, sys.getrecursionlimit())
nested = []
for _ in range(200_000):
    nested = [nested]
for attempt in (lambda: repr(nested), lambda: json.loads("[" * 100_000), lambda: compile("(" * 5000 + ")" * 5000, "x", "eval")):
    try:
        attempt()
    except (RecursionError, SyntaxError, MemoryError) as error:
        print(type(error).__name__)
del nested
sys.setrecursionlimit(60_000)
print(down(50_000))
print(ast.dump(ast.parse("+" * 50 + "1", mode="eval")).count("UAdd"))
