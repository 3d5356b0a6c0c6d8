"""Imported by `main`."""


def text(name):
    """A greeting for `name`."""
    return f"Hello, {name}!"
