"""The console script."""

import sys
from importlib import metadata, resources

import click


def run():
    """Its status is what it returns."""
    print(__name__, __spec__.name, sys.modules["__main__"].__name__, sys.argv[1:])
    print(click.style("plain", fg=None), resources.files("shop").joinpath("data/price.txt").read_text())
    if sys.argv[1] == "fail":
        raise LookupError("no such thing")
    if sys.argv[1] == "metadata":
        print(metadata.version("the-shop"), metadata.metadata("The.Shop")["Name"], metadata.requires("the_shop"))
        print([entry.load().name for entry in metadata.entry_points(group="shop.things")])
    return 3
