"""sharedStrings.xml: the texts that cells refer to by number."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .xml_stream import main_namespace, reader

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def unescape(text: str) -> str:
    """A stored text as Excel shows it: ``_x000D_`` stands for a character that XML cannot hold."""
    if "_x" not in text:
        return text
    text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    # characters beyond U+FFFF may be escaped as two surrogates, which belong together
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_shared_strings(chunks: Iterable[bytes], part: str) -> list[str]:
    """The texts by number: the runs of rich text joined, phonetic guides left out."""
    parser, feed = reader(part)
    strings: list[str] = []
    runs: list[str] = []       # of the present <si>
    text: list[str] = []       # of the present <t>
    names: dict[str, str] = {}
    phonetic = False

    def start(name, attributes):
        nonlocal phonetic
        if not names:
            namespace = main_namespace(name, part)
            names.update({namespace + key: key for key in ("si", "t", "rPh")})
        key = names.get(name)
        if key == "t":
            text.clear()
        elif key == "si":
            runs.clear()
        elif key == "rPh":
            phonetic = True

    def end(name):
        nonlocal phonetic
        key = names.get(name)
        if key == "t" and not phonetic:
            runs.append("".join(text))
        elif key == "si":
            strings.append(unescape("".join(runs)))
        elif key == "rPh":
            phonetic = False

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.append
    for chunk in chunks:
        feed(chunk)
    feed(b"")
    return strings
