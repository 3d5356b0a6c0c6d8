"""Puts one import in front of a program's first statement.

Run by the runtime's interpreter as `-c` text, the import's module as argument. Comes in: the source on standard input, as
bytes. Goes out: the same with one line more, behind the docstring and the `from __future__` imports, which have to be
first. A source that can't be parsed goes out as it is: compiling it will say why.
"""

import ast
import sys


def first_line(tree):
    """The line before which the import goes."""
    for position, node in enumerate(tree.body):
        is_docstring = position == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_docstring and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            decorators = getattr(node, "decorator_list", ())
            return min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return None


def edited(source, module):
    try:
        line = first_line(ast.parse(source))
    except (SyntaxError, ValueError):
        return source
    lines = source.splitlines(keepends=True)
    if lines and not lines[-1].endswith((b"\n", b"\r")):
        lines[-1] += b"\n"
    lines.insert(len(lines) if line is None else line - 1, b"import " + module.encode() + b"\n")
    return b"".join(lines)


sys.stdout.buffer.write(edited(sys.stdin.buffer.read(), sys.argv[1]))
