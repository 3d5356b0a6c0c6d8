"""regex: what `re` can't do, by its C engine."""

from importlib.metadata import version

import regex

print("regex", version("regex"), regex._regex.__name__, flush=True)
print(regex.findall(r"\p{Lu}\p{Ll}+", "Ärger Ümlaut ΑΒγ"), regex.findall(r"\X", "e\u0301a\u0308"))
print(regex.search(r"(?:colour){e<=2}", "the color is").group(), regex.search(r"(?b)(?:frozen){e}", "frazan").fuzzy_counts)
print(regex.match(r"\((?:[^()]|(?R))*\)", "(a(b)c(d(e)))").group())
print(regex.fullmatch(r"(?:(\w)-?)+", "a-b-c").captures(1), regex.sub(r"(?<n>\d+)", r"<\g<n>>", "a1b22"))
print(regex.findall(r"(?V1)[\w--[aeiou]]+", "hello world"), regex.split(r"(?V1)(?<=a)|(?=b)", "aabb"))
print(regex.search(r"(?|(a)|(b))\1", "xbb").groups(), regex.search(r"(?r)\d+", "1 22 333").group())
print(regex.fullmatch(r"\d{4}", "20", partial=True).partial, regex.compile(r"a++b").pattern)
print(regex.findall(r"\m\w+\M", "ab cd", overlapped=True), regex.search(r"\L<words>", "big cat", words=["cat", "dog"]).span())
try:
    regex.search(r"(a+)+$", "a" * 40 + "b" * 3, timeout=5)
    regex.compile(r"(unclosed")
except regex.error as error:
    print(error, error.pos)
