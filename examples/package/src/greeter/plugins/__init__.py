"""Plugins, found by looking which modules this package has."""

import importlib
import pkgutil


def load():
    """Yields (name, decorate) of every module in this package, sorted by name."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        yield module.name, importlib.import_module(f"{__name__}.{module.name}").decorate
