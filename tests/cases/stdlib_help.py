# help() and pydoc find docs and sources.
#| SameAsPython
import pydoc

import colorsys


def documented(number: int = 1) -> int:
    """Words about it."""


print(pydoc.render_doc(documented, renderer=pydoc.plaintext))
print(pydoc.locate("json.decoder.JSONDecoder"), pydoc.plain(pydoc.render_doc(colorsys)).splitlines()[0])
help(documented)
