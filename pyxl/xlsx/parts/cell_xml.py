"""One `<c>` element as bytes: a value written into a cell's XML, old attributes and formula kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

from pyxl.grid.cells import ErrorValue, Value

MAX_TEXT = 32_767          # characters in a cell
_EXACT = 1 << 53           # whole numbers up to here are exact in a cell's double

_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")


@dataclass(frozen=True)
class Cached:
    """A new cached result for a formula cell; the formula itself is kept."""

    value: Value


@dataclass(frozen=True)
class InsteadOfFormula:
    """A constant that takes the place of a cell's formula."""

    value: Value


@dataclass(frozen=True)
class OwnFormula:
    """A formula, without ``=``, for a cell that shared one with others, and its result."""

    text: str
    value: Value


Edit = Value | Cached | InsteadOfFormula | OwnFormula


class Unwritable(ValueError):
    """A value that no cell can hold; its text says why, for a sentence that names the cell."""


def new_value(edit: Edit) -> Value:
    """What a cell holds after an edit."""
    return edit.value if isinstance(edit, (Cached, InsteadOfFormula, OwnFormula)) else edit


def python_number(value):
    """A numpy or torch scalar as Python's own number; everything else as it is."""
    return value.item() if hasattr(value, "item") and not isinstance(value, (str, bytes)) else value


def value_xml(value: object, prefix: bytes, *, formula: bool) -> tuple[bytes | None, bytes]:
    """The `t` attribute and the child elements that hold `value`; ``(None, b'')`` for a blank.

    Texts stand inline, or as a formula's result. Raises Unwritable for NaN, infinity, texts that
    are too long, and other types.
    """
    value = python_number(value)
    if value is None:
        return None, b""
    if isinstance(value, bool):
        return b"b", _v(b"1" if value else b"0", prefix)
    if isinstance(value, (int, float)):
        return None, _v(_number(value), prefix)
    if isinstance(value, ErrorValue):
        return b"e", _v(_text(value), prefix)
    if isinstance(value, str):
        text = _text(value)
        space = b' xml:space="preserve"' if value != value.strip() or "\n" in value else b""
        if formula:
            return b"str", _v(text, prefix, space)
        return b"inlineStr", b"<%sis><%st%s>%s</%st></%sis>" % (prefix, prefix, space, text, prefix, prefix)
    raise Unwritable(f"a {type(value).__name__}, which no cell can hold")


def _v(text: bytes, prefix: bytes, space: bytes = b"") -> bytes:
    return b"<%sv%s>%s</%sv>" % (prefix, space, text, prefix)


def _number(value: int | float) -> bytes:
    if isinstance(value, int) and abs(value) <= _EXACT:
        return b"%d" % value
    try:
        number = float(value) + 0.0        # no -0
    except OverflowError:
        raise Unwritable("a whole number that is too large for a cell") from None
    if number - number != 0:
        raise Unwritable(f"{number} (not a finite number)")
    return repr(number).removesuffix(".0").encode()


def _text(text: str) -> bytes:
    if len(text) > MAX_TEXT:
        raise Unwritable(f"a text of {len(text):,} characters, where a cell holds {MAX_TEXT:,}")
    # character references are right in whatever encoding the sheet is written
    return text_in_xml(text).encode("ascii", "xmlcharrefreplace")


def text_in_xml(text: str) -> str:
    """A text of a cell as it stands between tags: what XML cannot hold is written ``_x0001_``, as Excel does."""
    text = _ESCAPE_LIKE.sub("_x005F_", text)
    return escape(_UNSTORABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", text))


def attribute_in_xml(text: str) -> str:
    """A text as it stands between the double quotes of an attribute."""
    return escape(text, {'"': "&quot;"})


def new_cell(address: bytes, value: object, prefix: bytes, style: bytes) -> bytes:
    """A `<c>` element for a cell that had none; nothing at all for a blank. Raises Unwritable, as `value_xml` does."""
    kind, body = value_xml(value, prefix, formula=False)
    if not body:
        return b""
    style = b' s="%s"' % style if style else b""
    kind = b' t="%s"' % kind if kind else b""
    return b'<%sc r="%s"%s%s>%s</%sc>' % (prefix, address, style, kind, body, prefix)


def formula_xml(text: str, prefix: bytes) -> bytes:
    """An `<f>` element."""
    return b"<%sf>%s</%sf>" % (prefix, _text(text), prefix)


def changed_cell(tag: bytes, formula: bytes, value: Value, prefix: bytes, extension: bytes = b"") -> bytes:
    """A `<c>` element with a new value.

    `tag` is its old start tag: all attributes stay as they are, but for those that describe the
    old value. `formula` and `extension` are the elements inside that are kept.
    """
    kind, body = value_xml(value, prefix, formula=bool(formula))
    drop = (b"t", b"vm") if formula else (b"t", b"vm", b"cm")   # cm marks a dynamic array's formula
    kept = b"".join(match[0] for match in _ATTRIBUTE.finditer(tag) if match[1] not in drop)
    kind = b' t="%s"' % kind if kind else b""
    inner = formula + body + extension
    if not inner:
        return b"<%sc%s%s/>" % (prefix, kept, kind)
    return b"<%sc%s%s>%s</%sc>" % (prefix, kept, kind, inner, prefix)
