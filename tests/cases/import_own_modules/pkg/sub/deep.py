from .. import __doc__ as text
from . import sibling


def up():
    return text, sibling.VALUE
