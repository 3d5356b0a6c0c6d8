"""The disassembler: code bytes come in on stdin, JSON goes out on stdout.

Run by `pyfreeze dis` as `python -I -S -c <this text>`, with the runtime's own Python, whose `dis` knows its bytecode. It must
never run any of the code, and never read a file.

In:  one line of JSON, {"code_size": N}; N bytes of marshal data; the source's bytes, if they are known.
Out: {"objects": [...], "lines": [...]}, as `Disassembly` in freezer/src/dis/mod.rs reads it; or {"error": "..."}.
"""

import dis
import importlib.util
import json
import marshal
import sys
import types


def main():
    head, _, rest = sys.stdin.buffer.read().partition(b"\n")
    code_size = json.loads(head)["code_size"]
    try:
        code = marshal.loads(rest[:code_size])
        if not isinstance(code, types.CodeType):
            raise ValueError("it holds no code")
        answer = {"objects": list(objects(code)), "lines": source_lines(rest[code_size:])}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    # Constants may be texts that UTF-8 can't hold.
    sys.stdout.buffer.write(json.dumps(answer, separators=(",", ":")).encode("ascii"))


def source_lines(source):
    if not source:
        return []
    try:
        return importlib.util.decode_source(source).split("\n")
    except (SyntaxError, UnicodeError):
        return []


def objects(code):
    """The facts about `code` and all code objects in it, outermost first, each before those in it."""
    pending = [(code, 0)]
    while pending:
        code, depth = pending.pop()
        yield facts(code, depth)
        inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
        pending.extend((one, depth + 1) for one in reversed(inner))


def facts(code, depth):
    return {
        "name": code.co_name,
        "qualname": code.co_qualname,
        "depth": depth,
        "first_line": code.co_firstlineno,
        "size": len(marshal.dumps(code)),
        "bytecode_size": len(code.co_code),
        "stack_size": code.co_stacksize,
        "flags": dis.pretty_flags(code.co_flags).split(", "),
        "parameters": parameters(code),
        "constants": [shown(constant) for constant in code.co_consts],
        "names": list(code.co_names),
        "locals": list(code.co_varnames),
        "cells": list(code.co_cellvars),
        "free": list(code.co_freevars),
        "exceptions": [
            {
                "start": entry.start,
                "end": entry.end,
                "target": entry.target,
                "depth": entry.depth,
                "lasti": bool(entry.lasti),
            }
            for entry in dis._parse_exception_table(code)
        ],
        "instructions": [instruction(one) for one in dis.get_instructions(code)],
    }


def parameters(code):
    """The names of the parameters, as in the source, without defaults."""
    names = list(code.co_varnames)
    count = code.co_argcount
    parts = names[:count]
    if code.co_posonlyargcount:
        parts.insert(code.co_posonlyargcount, "/")
    keyword_only = names[count : count + code.co_kwonlyargcount]
    rest = names[count + code.co_kwonlyargcount :]
    if code.co_flags & 0x04:
        parts.append("*" + rest.pop(0))
    elif keyword_only:
        parts.append("*")
    parts += keyword_only
    if code.co_flags & 0x08:
        parts.append("**" + rest.pop(0))
    return parts


def shown(constant):
    if isinstance(constant, types.CodeType):
        return f"<code {constant.co_name}, line {constant.co_firstlineno}>"
    return repr(constant)


def instruction(one):
    argument = one.argrepr
    if isinstance(one.argval, types.CodeType):
        argument = shown(one.argval)
    fact = {"offset": one.offset, "name": one.opname, "line": one.line_number, "argument": one.arg, "meaning": argument}
    if one.label is not None:
        fact["label"] = f"L{one.label}"
    if one.cache_info:
        fact["caches"] = [{"name": name, "entries": size} for name, size, _ in one.cache_info]
    return fact


main()
