"""The command line: greets everybody in every language, then says where the words came from."""

import argparse
from importlib import metadata, resources
from pathlib import Path

from greeter import plugins


def main():
    """Runs the program."""
    parser = argparse.ArgumentParser(prog="greeter", description="Greets in several languages")
    parser.add_argument("names", nargs="*", default=["world"])
    parser.add_argument("--version", action="version", version=metadata.version("greeter"))
    options = parser.parse_args()

    for entry_point in sorted(metadata.entry_points(group="greeter.languages"), key=lambda found: found.name):
        language = entry_point.load()()
        for name in options.names:
            print(f"{entry_point.name}: {language.greet(name)}")

    for name, decorate in plugins.load():
        print(f"{name}: {decorate('plugin')}")

    # The two common ways to reach a data file.
    through_resources = resources.files("greeter").joinpath("data", "nested", "motto.txt").read_text(encoding="utf-8")
    beside_the_code = (Path(__file__).parent / "data" / "nested" / "motto.txt").read_text(encoding="utf-8")
    print(through_resources.strip(), through_resources == beside_the_code)
    print(sorted(path.name for path in resources.files("greeter").joinpath("data").iterdir()))
    return 0
