"""Text as Excel counts it: in UTF-16 units, of which a character beyond the first 65,536 (an emoji) takes two."""

from __future__ import annotations

import sys
from array import array

_NATIVE = f"utf-16-{sys.byteorder[0]}e"  # in the order of bytes that `array` reads


def units(text: str) -> str:
    """The text with every such character as its two halves: indices and lengths are Excel's."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    return "".join(map(chr, array("H", text.encode(_NATIVE, "surrogatepass"))))


def joined(text: str) -> str:
    """A text of units with halves that belong together joined again; a half that stands alone stays one."""
    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def length(text: str) -> int:
    """How many units."""
    return len(text) if text.isascii() else len(units(text))
