"""Text: codecs, unicodedata, re, locale, gettext, string, ast, symtable, tokenize, difflib, typing."""

import ast
import codecs
import difflib
import gettext
import io
import locale
import re
import string
import symtable
import textwrap
import tokenize
import typing
import unicodedata


def visit_codecs():
    """_codecs_cn, _codecs_hk, _codecs_iso2022, _codecs_jp, _codecs_kr, _codecs_tw and _multibytecodec."""
    for encoding, sample in (("gb18030", "雪"), ("big5hkscs", "雪"), ("iso2022_jp", "雪"), ("shift_jis", "雪"), ("euc_kr", "눈"), ("big5", "雪")):
        data = sample.encode(encoding)
        yield encoding, data.hex(), data.decode(encoding) == sample
    yield "grüße".encode("idna"), "ß".encode("cp1252"), codecs.lookup("utf-16-le").name, codecs.encode("frozen", "rot13")


def visit_unicode():
    """unicodedata."""
    yield unicodedata.name("☃"), unicodedata.normalize("NFD", "é").encode(), "\N{SNOWFLAKE}", unicodedata.unidata_version


def visit_regular_expressions():
    """_sre."""
    yield re.findall(r"(?P<word>\w+)-(?!x)", "ab-c de-x fg-h"), re.sub(r"(?i)PY(?=f)", "un", "pyfreeze")


def visit_formatting():
    """_string, string, textwrap, difflib, gettext, locale."""
    yield string.Template("$a ${b}").substitute(a=1, b=2), textwrap.shorten("a long line of text", 12), f"{1234567.891:,.2f}"
    yield list(difflib.unified_diff(["a", "b"], ["a", "c"], lineterm=""))[-2:], gettext.gettext("same"), locale.getlocale(locale.LC_NUMERIC)


def visit_syntax():
    """_ast, _symtable, _tokenize, _typing."""
    yield ast.unparse(ast.parse("x = [i for i in range(3) if i]")), symtable.symtable("def f(a): global g", "s", "exec").get_children()[0].get_symbols()[0].get_name()
    yield [token.string for token in tokenize.generate_tokens(io.StringIO("a+1").readline)][:3], typing.get_type_hints(visit_syntax)
