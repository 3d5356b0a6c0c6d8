"""Words for people."""

WORD = "Hello"


def greet(name):
    """A greeting for `name`."""
    if not name:
        raise ValueError("nobody to greet")
    return f"{WORD}, {name}!"
