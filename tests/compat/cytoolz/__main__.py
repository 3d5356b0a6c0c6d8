"""Packages compiled by Cython: cytoolz, and rapidfuzz with its code for several kinds of processors."""

import pickle
import sys
import traceback
from importlib.machinery import ExtensionFileLoader
from importlib.metadata import version

import cytoolz
import cytoolz.curried
import rapidfuzz
from cytoolz import dicttoolz, functoolz, itertoolz
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

print("cytoolz", version("cytoolz"), "rapidfuzz", version("rapidfuzz"), flush=True)
for module in (itertoolz, functoolz, dicttoolz):
    print(module.__name__, module.__spec__.origin.rsplit(".", 1)[-1], module.__loader__.__class__.__name__ != "SourceFileLoader")
print(cytoolz.groupby(len, ["a", "bb", "c"]), cytoolz.merge_with(sum, {"a": 1}, {"a": 2, "b": 3}))
print(list(cytoolz.sliding_window(2, range(4))), cytoolz.pipe(5, lambda x: x + 1, str), cytoolz.frequencies("hello"))
print(list(cytoolz.curried.map(lambda x: x * 2)([1, 2])))
print(cytoolz.get_in(["a", 0], {"a": [5]}), pickle.loads(pickle.dumps(cytoolz.compose(str, len)))("four"))
try:
    cytoolz.first([])
except StopIteration:
    print("nothing", [frame.name for frame in traceback.extract_tb(sys.exc_info()[2])])
print(fuzz.ratio("frozen", "frazen"), fuzz.token_sort_ratio("a b", "b a"), fuzz.partial_ratio("froz", "a frozen c"))
print(process.extract("appel", ["apple", "ape", "pear"], limit=2), Levenshtein.editops("lewenstein", "levenshtein").as_list())
names = ("fuzz_cpp", "fuzz_cpp_avx2", "fuzz_cpp_sse2", "fuzz_py")
print([name for name in names if "rapidfuzz." + name in sys.modules], ExtensionFileLoader.__name__, rapidfuzz.__name__)
