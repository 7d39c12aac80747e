"""A part's XML, read as a stream by expat. Names arrive as ``'namespace local'``; DTDs are refused."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from xml.parsers import expat

from solver.errors import UserError

# The namespace of workbooks and sheets, as Excel writes it and in its "strict" form.
MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main")
TRUE = ("1", "true")
# A start tag in raw bytes, up to (1) and including (2) its end: ``>``, or ``/>`` of an empty element.
_START_TAG = re.compile(rb"""(<[^\s/>"']+(?:[^"'>/]|"[^"]*"|'[^']*')*)(/?>)""")
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}     # how UTF-16 begins
_LONGEST_DECLARATION = 1000     # bytes, of which the encoding is told
_DECLARED = re.compile(r"""\A(<\?xml[^>]*?)\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')""")


def start_tag_at(data: bytes, offset: int) -> tuple[bytes, bytes]:
    """The start tag at `offset` up to its end, and that end: ``>`` or ``/>``. Raises LookupError where there is none."""
    found = _START_TAG.match(data, offset)
    if found is None:
        raise LookupError("a start tag")
    return found[1], found[2]


def local(name: str) -> str:
    """The local part of a name: ``local('urn:x sheet') == 'sheet'``."""
    return name.rpartition(" ")[2]


def main_namespace(root: str, part: str) -> str:
    """The namespace of a root element, with the space that joins it to local names.

    Raises UserError when the root is not one of a workbook's own.
    """
    namespace = root.rpartition(" ")[0]
    if namespace not in MAIN:
        raise UserError(f"Part '{part}' is not in the format of an Excel workbook. "
                        "Open it in Excel and save it again as .xlsx.")
    return namespace + " "


def whole_number(text: str | None, otherwise: int) -> int:
    """What an attribute says that is to be a whole number; `otherwise` where it is not there or says something else.

    Only the digits 0 to 9 count: Python's own tests know others, such as ``²``, which it cannot convert.
    """
    return int(text) if text and re.fullmatch(r"[0-9]{1,10}", text) else otherwise


def reader(part: str) -> tuple[expat.XMLParserType, Callable[[bytes], None]]:
    """A parser to hang handlers on, and the function that feeds it (``b''`` ends the document).

    Feeding raises UserError for a DTD (the carrier of entity bombs and of external entities), for
    XML that is not well-formed, and for content that a handler finds missing (LookupError) or
    senseless (ValueError); `part` is the name that these sentences give.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse_dtd(*_):
        raise UserError(f"Part '{part}' carries a DTD, which Excel never writes; refused as unsafe. "
                        "Open the workbook in Excel and save it again.")

    parser.StartDoctypeDeclHandler = refuse_dtd

    def feed(data: bytes) -> None:
        try:
            parser.Parse(data, not data)
        except UserError:
            raise
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise UserError(f"Part '{part}' is damaged: its XML cannot be read ({str(error)[:100]}). "
                            "Open the workbook in Excel, let it repair it, and save it again.") from error

    return parser, feed


def check(chunks: Iterable[bytes], part: str) -> None:
    """Raise UserError unless the chunks are one well-formed document without a DTD."""
    _, feed = reader(part)
    for chunk in chunks:
        feed(chunk)
    feed(b"")


def elements(chunks: Iterable[bytes], part: str) -> list[tuple[str, dict[str, str], str]]:
    """Every element of a small part in document order: (local name, attributes, own text).

    Attributes keep their namespaces (``'urn:… id'``). Text is that directly inside the element.
    """
    parser, feed = reader(part)
    found: list[tuple[str, dict[str, str], list[str]]] = []
    stack: list[list[str]] = []

    def start(name, attributes):
        text: list[str] = []
        found.append((local(name), attributes, text))
        stack.append(text)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: stack.pop()
    parser.CharacterDataHandler = lambda text: stack[-1].append(text)
    for chunk in chunks:
        feed(chunk)
    feed(b"")
    return [(name, attributes, "".join(text)) for name, attributes, text in found]


def spliceable(chunks: Iterable[bytes], part: str) -> Iterator[bytes]:
    """The chunks as they are, or in UTF-8 where the part is in UTF-16, into which no bytes of ours could be put.

    Raises UserError for bytes that are no UTF-16.
    """
    chunks = iter(chunks)
    start = b""
    while len(start) < _LONGEST_DECLARATION and (chunk := next(chunks, b"")):
        start += chunk
    if start[:2] not in _WIDE:
        yield from filter(None, itertools.chain([start], chunks))
        return
    decode = codecs.getincrementaldecoder(_WIDE[start[:2]])().decode
    try:
        yield _DECLARED.sub(r"\1", decode(start), count=1).encode()
        for chunk in chunks:
            if text := decode(chunk):       # half a sign waits for its other half
                yield text.encode()
        decode(b"", True)
    except UnicodeError as error:
        raise UserError(f"Part '{part}' is damaged: it is not in UTF-16, as it begins. "
                        "Open the workbook in Excel, let it repair it, and save it again.") from error
