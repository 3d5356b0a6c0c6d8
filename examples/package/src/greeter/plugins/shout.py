"""Says it loudly."""


def decorate(text):
    """`text`, loudly."""
    return text.upper() + "!"
