"""Packages compiled by mypyc, whose modules share one library at the top of site-packages: black, charset-normalizer."""

import sys
from importlib.metadata import version

import black
import black.linegen
import black.mode
import charset_normalizer
import charset_normalizer.md
from blib2to3.pgen2 import tokenize
from charset_normalizer import from_bytes

print("black", version("black"), "charset-normalizer", version("charset-normalizer"), flush=True)
for module in (black, black.linegen, black.mode, tokenize, charset_normalizer.md):
    print(module.__name__, module.__file__.rsplit(".", 1)[-1])
print("shared", sum(name.endswith("__mypyc") for name in sys.modules) > 0)

SOURCE = "x = {  'a':1,\n 'b':[1,2,3],}\ndef f( a,b ):\n  return not(a==b)\nclass A: pass\n"
print(black.format_str(SOURCE, mode=black.Mode(line_length=30)))
print(black.format_str("match x:\n  case [1,*_]: pass\n", mode=black.Mode(target_versions={black.TargetVersion.PY313})))
for text in ("x = (", "def f(:"):
    try:
        black.format_str(text, mode=black.Mode())
    except black.InvalidInput as error:
        print(type(error).__name__, error)
try:
    black.format_str(b"bytes", mode=black.Mode())
except TypeError as error:
    print("compiled functions check types:", error)
for data in ("Zoë grüßt Jürgen und Özgür".encode("cp1252"), "Здравствуй, мир и все люди".encode("cp1251"), "日本語の文章です。".encode("shift_jis")):
    best = from_bytes(data).best()
    print(best.encoding, str(best))
