"""Which encoding a text file is in: by its byte order mark, as UTF-8, or by the letters that its odd lines make."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable

from solver.errors import UserError
from solver.reading.looked_at.sources import Source

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_MARKED = {"utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)}
_SHOWN = {"utf-16": "UTF-16", "utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a byte order mark", "cp1252": "Windows-1252 (Latin-1)"}
_ENOUGH = 500       # lines that are looked at
_WESTERN = "cp1252"
_NOT_WESTERN = re.compile(r"[\x80-\xbf\xd7\xf7]|[^\W\d_a-zA-Z]{4}")     # signs within names, and words without a plain letter


def checked_encoding(name: str, source: Source) -> str:
    """The encoding that a user named. Raises UserError where Python knows none of that name, or where it needs a mark that the file
    does not begin with."""
    try:
        found = io.TextIOWrapper(io.BytesIO(), encoding=name).encoding      # hex and rot13 are codecs, but none of texts
        found = codecs.lookup(found).name
    except LookupError:
        raise UserError(f"There is no encoding '{name}'. Give one such as utf-8, latin-1, cp1252 or shift_jis.") from None
    if found in _MARKED and not source.head().startswith(_MARKED[found]):
        raise UserError(f"{source.name} does not begin with the mark of {found.upper()}. Say --encoding {found}-le or {found}-be, or leave it out.")
    return found


def encoding_at_start(head: bytes) -> str:
    """The encoding that the first bytes of a file tell; UTF-8 where nothing speaks against it."""
    mark = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if mark:
        return mark
    return encoding_of(head[:head.rfind(b"\n") + 1].splitlines() or [head]) or "utf-8"


def encoding_of(lines: Iterable[bytes]) -> str | None:
    """The encoding of these lines: UTF-8 if it is that of any that is not plain ASCII, else Latin-1 where it
    makes Western words, else what charset-normalizer tells by the letters; None where it cannot tell."""
    odd: list[bytes] = []
    for line in lines:
        if line.isascii():
            continue
        if is_utf8(line):
            return "utf-8"
        odd.append(line)
        if len(odd) == _ENOUGH:
            break
    if not odd:
        return "utf-8"
    text = b"\n".join(odd)
    if _reads_as_western(text):
        return _WESTERN
    from charset_normalizer import from_bytes

    best = from_bytes(text).best()
    return None if best is None else best.encoding


def _reads_as_western(text: bytes) -> bool:
    """Whether the letters are plain ones with accents here and there, of which charset-normalizer needs more than a few
    titles to tell Latin-1 from its neighbours."""
    try:
        return _NOT_WESTERN.search(text.decode(_WESTERN)) is None
    except UnicodeDecodeError:
        return False


def is_utf8(line: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def shown_encoding(name: str) -> str:
    """An encoding as messages call it."""
    return _SHOWN.get(name, name.replace("_", "-").upper())
