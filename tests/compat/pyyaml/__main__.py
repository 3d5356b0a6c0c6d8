"""PyYAML: libyaml's loader and dumper, and the error positions they report."""

from importlib.metadata import version

import yaml
import yaml._yaml
from yaml.cyaml import CParser

print("PyYAML", version("pyyaml"), "libyaml", yaml._yaml.get_version_string(), yaml.__with_libyaml__, flush=True)

TEXT = """
base: &base {name: Zoë, tags: [a, b]}
derived:
  <<: *base
  when: 2024-02-29 10:00:00
  text: |
    two
    lines
  number: 0x1F
  none: ~
--- [1, 2.5, !!binary aGVsbG8=]
"""

for loader in (yaml.CSafeLoader, yaml.SafeLoader):
    print(loader.__name__, list(yaml.load_all(TEXT, loader)))
value = yaml.load(TEXT.split("---")[0], yaml.CLoader)
for dumper in (yaml.CSafeDumper, yaml.SafeDumper):
    print(yaml.dump(value, Dumper=dumper, allow_unicode=True, sort_keys=True))
print([type(event).__name__ for event in yaml.parse("a: [b]", yaml.CSafeLoader)])
for text in ("a: [1, 2", "a: b: c", "\tx", "!!python/object:os.system x"):
    try:
        yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        print(type(error).__name__, error)
print(CParser.__module__)
