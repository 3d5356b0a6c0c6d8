"""Says it between stars."""


def decorate(text):
    """`text` between stars."""
    return f"* {text} *"
