"""ruamel.yaml: round trips that keep comments, and the C parser of ruamel.yaml.clib."""

import io
import sys
from importlib.metadata import version

import _ruamel_yaml
import ruamel.yaml
from ruamel.yaml import YAML, cyaml

print("ruamel.yaml", version("ruamel.yaml"), "clib", version("ruamel.yaml.clib"), flush=True)
print(_ruamel_yaml.get_version_string(), ruamel.yaml.__with_libyaml__, cyaml.CSafeLoader.__name__)

TEXT = """\
# A comment
base: &base   # at the end
  name: Zoë
  sizes: [1, 2,   3]
copy:
  <<: *base
  text: |
    two
    lines
when: 2024-02-29
"""
yaml = YAML()
value = yaml.load(TEXT)
value["copy"]["new"] = 0x1F
value.yaml_set_comment_before_after_key("when", before="set here")
yaml.dump(value, sys.stdout)
print(type(value).__name__, value["copy"]["name"], value.ca.comment[1][0].value.strip())
for kind in ("safe", "unsafe", "base"):
    print(kind, YAML(typ=kind, pure=False).load("a: [1, 2.5, ~, x]"))
fast = YAML(typ="safe")
print(fast.Parser.__name__, fast.Parser.__module__)
file = io.StringIO()
fast.dump({"b": [1, {"c": "ü"}]}, file)
print(file.getvalue())
for reader in (yaml, fast):
    try:
        reader.load("a: [1, 2")
    except ruamel.yaml.YAMLError as error:
        print(type(error).__name__, error)
