"""Sound workbooks said in other words: what other programs write, and what the standards allow, with the same content.

A dialect takes the parts of a workbook, as (name, text or bytes), and gives others that mean the same. They compose.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
from collections.abc import Callable

from packages import MAIN, OFFICE, STRICT

Parts = list[tuple[str, str]]
Dialect = Callable[[random.Random, Parts], Parts]

_STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_TAG = re.compile(r"""<(?![?!])[^\s/>"']+(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_TEXT = re.compile(r"(<(?:\w+:)?(?:v|f|t)\b[^<>]*(?<!/)>)([^<>]*)(</(?:\w+:)?(?:v|f|t)>)")
_BETWEEN = re.compile(r"(</(?:\w+:)?(?:c|row|cols|sheetViews|sheetData|sheets|definedNames|si)>)")


def _each(change: Callable[[random.Random, str], str], *, among: Callable[[str], bool] = lambda name: True) -> Dialect:
    """The dialect that changes some of the XML parts with a name like this."""
    def dialect(rng: random.Random, parts: Parts) -> Parts:
        return [(name, change(rng, text) if among(name) and rng.random() < 0.8 else text) for name, text in parts]
    return dialect


def _of_sheets(name: str) -> bool:
    return name.lower().startswith("xl/") and not name.lower().endswith(".rels")


def _prefixed(rng: random.Random, text: str) -> str:
    """All elements of the main namespace with a prefix."""
    if text.count('xmlns="') != 1 or f'xmlns="{MAIN}"' not in text and f'xmlns="{STRICT}"' not in text:
        return text
    prefix = rng.choice(["x", "ss", "_1", "a.b"])
    return re.sub(r"<(/?)(?=[A-Za-z])(?![\w]+:)", rf"<\1{prefix}:", text).replace(' xmlns="', f' xmlns:{prefix}="')


def _strict(_: random.Random, parts: Parts) -> Parts:
    """The namespaces of ISO 29500 strict."""
    return [(name, text.replace(MAIN, STRICT).replace(OFFICE, _STRICT_OFFICE)) for name, text in parts]


def _single_quotes(rng: random.Random, text: str) -> str:
    return _TAG.sub(lambda tag: re.sub(r"""="([^"']*)\"""", r"='\1'", tag[0]) if rng.random() < 0.5 else tag[0], text)


def _spaced(rng: random.Random, text: str) -> str:
    """Blanks within tags, lines between elements."""
    space = rng.choice(["\n", "\r\n  ", "\t", " "])
    text = _TAG.sub(lambda tag: re.sub(r'=(?=")', rng.choice(["=", " = ", "\n="]), re.sub(r"(\s*/?>)$", space + r"\1", tag[0])), text)
    return _BETWEEN.sub(rf"\1{space}", text)


def _opened(_: random.Random, text: str) -> str:
    """Empty elements with an end tag of their own."""
    return _TAG.sub(lambda tag: f"{tag[0][:-2].rstrip()}></{re.match(r'<([^ /<>]+)', tag[0])[1].split()[0]}>" if tag[0].endswith("/>") else tag[0], text)


def _commented(rng: random.Random, text: str) -> str:
    """Comments and instructions that look like content."""
    return _BETWEEN.sub(lambda tag: tag[0] + rng.choice(["", "", '<!-- <c r="A1"><v>9</v></c> -->', '<?x <row r="1"/> ?>']), text)


def _written_out(rng: random.Random, text: str) -> str:
    """Texts as CDATA, or character by character."""
    def told(found: re.Match) -> str:
        start, inside, end = found.groups()
        if not inside or "&" in inside or "]]>" in inside or rng.random() < 0.5:
            return found[0]
        if not inside.isascii():        # in some encodings it can only be spelled out, which CDATA and comments do not do
            return found[0]
        spelled = "".join(f"&#{ord(sign)};" if rng.random() < 0.5 else f"&#x{ord(sign):X};" for sign in inside)
        return start + rng.choice([f"<![CDATA[{inside}]]>", spelled, f"<!-- 9 -->{inside}", f"{inside}<?x 9?>"]) + end
    return _TEXT.sub(told, text)


def _extended(rng: random.Random, text: str) -> str:
    """What newer programs add and older ones are told to ignore: some of it is named like cells, rows and formulas."""
    if "sheetData" not in text or "<worksheet" not in text:
        return text
    text = text.replace("<worksheet", '<worksheet xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" mc:Ignorable="n" '
                        'xmlns:n="urn:new"', 1)
    text = re.sub(r"<row(?=[ />])", lambda row: row[0] + rng.choice(["", ' n:r="7"', ' n:hidden="1"']), text)
    text = re.sub(r"<c(?=[ />])", lambda cell: cell[0] + rng.choice(["", ' n:r="Z9"', ' n:t="s"']), text)
    more = ('<mc:AlternateContent><mc:Choice Requires="n"><n:sheetData><n:row r="1"><n:c r="A1"><n:v>9</n:v></n:c></n:row></n:sheetData></mc:Choice>'
            "<mc:Fallback/></mc:AlternateContent>",
            '<extLst><ext uri="u"><n:c r="A1"><n:f>1+1</n:f><n:v>9</n:v></n:c><n:mergeCell ref="A1:Z99"/><n:sheetProtection sheet="1"/></ext></extLst>')
    return text.replace("</worksheet>", rng.choice(more) + "</worksheet>")


def _rich(rng: random.Random, text: str) -> str:
    """Texts in runs, with a phonetic guide."""
    def told(found: re.Match) -> str:
        attributes, inside = found.groups()
        if "&" in inside or rng.random() < 0.3:
            return found[0]
        cut, space = rng.randint(0, len(inside)), ' xml:space="preserve"'
        runs = "".join(f"<r>{look}<t{space}>{piece}</t></r>" for look, piece in zip(("", '<rPr><b/><sz val="11"/></rPr>'), (inside[:cut], inside[cut:])))
        return runs + rng.choice(["", '<rPh sb="0" eb="1"><t>フリ</t></rPh><phoneticPr fontId="1"/>'])
    return re.sub(r"(?<=<is>|<si>)<t([^<>]*)>([^<>]*)</t>(?=</is>|</si>)", told, text)


def _targets(rng: random.Random, parts: Parts) -> Parts:
    """Relations whose targets are spelled in other ways."""
    def told(found: re.Match, folder: str) -> str:
        target = found[1]
        if set(":%&") & set(target) or target.startswith(("/", "..")) or not target:
            return found[0]
        way = rng.choice([f"/{folder}{target}", f"./{target}", f"../{folder}{target}" if folder.count("/") == 1 else target, target.upper(), target.lower(),
                          f"{target[:-5]}%{ord(target[-5]):02X}{target[-4:]}"])
        return f'Target="{way}"'
    found = []
    for name, text in parts:
        if name.endswith(".rels"):
            folder = name.rpartition("_rels/")[0]
            text = re.sub(r'Target="([^"]*)"', lambda target, folder=folder: told(target, folder), text)
        found.append((name, text))
    return found


def _renamed(rng: random.Random, parts: Parts) -> Parts:
    """Sheets whose parts have names of their own, some of them with what has to be spelled in a relation."""
    for name in [name for name, _ in parts if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]:
        if any(name.rpartition("/")[2] + ".rels" in other for other, _ in parts):       # it would have to move as well
            continue
        number = re.search(r"\d+", name)[0]
        new = rng.choice([f"ws/first%20{number}.xml", f"Tab{number}.XML", f"worksheets/a+b&amp;{number}.xml", f"worksheets/sheet{number}"])
        parts = [("xl/" + new.replace("&amp;", "&") if part == name else part, text.replace(f"/{name}", f"/xl/{new}") if part.startswith("[") else text)
                 for part, text in parts]
        old = name.removeprefix("xl/")
        parts = [(part, re.sub(rf'Target="(/xl/)?{old}"', f'Target="{new}"', text) if part == "xl/_rels/workbook.xml.rels" else text) for part, text in parts]
    return parts


def _external(_: random.Random, parts: Parts) -> Parts:
    """Relations to what is not in the package, and parts that nobody knows."""
    link = f'<Relationship Id="rIdX" Type="{OFFICE}/worksheet" Target="file:///C:\\other%20book.xlsx" TargetMode="External"/></Relationships>'
    types = '<Default Extension="jpeg" ContentType="image/jpeg"/><Default Extension="bin" ContentType="application/octet-stream"/>'
    changes = {"xl/_rels/workbook.xml.rels": ("</Relationships>", link), "[Content_Types].xml": ("<Override", types + "<Override")}
    return [(name, text.replace(*changes[name], 1) if name in changes else text) for name, text in parts] + [
        ("customXml/item1.xml", "<a/>"), ("docProps/thumbnail.jpeg", "no picture"), ("xl/printerSettings/printerSettings1.bin", "\x01")]


def _cased(rng: random.Random, parts: Parts) -> Parts:
    """Names of parts in upper case; they are found all the same."""
    return [(name.upper() if rng.random() < 0.5 and not name.startswith("[") else name, text) for name, text in parts]


DIALECTS: dict[str, Dialect] = {
    "names of parts": _renamed, "targets": _targets, "what is outside": _external, "upper case": _cased, "strict": _strict,
    "extensions": _each(_extended, among=_of_sheets), "rich text": _each(_rich, among=_of_sheets), "characters": _each(_written_out, among=_of_sheets),
    "comments": _each(_commented), "prefixes": _each(_prefixed, among=_of_sheets), "empty elements": _each(_opened),
    "spaces": _each(_spaced, among=_of_sheets), "single quotes": _each(_single_quotes)}

ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "iso-8859-1", "us-ascii", "windows-1252", "utf-16", "utf-16-le", "utf-16-be")


def encoded(rng: random.Random, text: str, encodings: tuple[str, ...] = ENCODINGS) -> bytes:
    """A part in an encoding that its declaration, or its first bytes, tell."""
    encoding = rng.choice(encodings)
    body = re.sub(r"^\s*<\?xml.*?\?>\s*", "", text, flags=re.S)
    if body == text or not body.startswith("<"):
        return text.encode()
    name = {"utf-8-sig": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "utf-16"}.get(encoding, encoding)
    head = rng.choice([f'<?xml version="1.0" encoding="{name}" standalone="yes"?>\n', f"<?xml version='1.0' encoding='{name}'?>"])
    if encoding in ("utf-8", "utf-8-sig") and rng.random() < 0.3:
        head = ""
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    return mark + (head + body).encode(encoding, errors="xmlcharrefreplace")


def packed(rng: random.Random, parts: list[tuple[str, bytes]]) -> bytes:
    """A zip, written as other programs write theirs."""
    out, way = io.BytesIO(), rng.choice(["plain", "stored", "descriptors", "zip64", "folders", "extra", "comment", "order"])
    if way == "order":
        parts = rng.sample(parts, len(parts))
    if way == "folders":
        folders = {name.rpartition("/")[0].lower(): name.rpartition("/")[0] + "/" for name, _ in parts if "/" in name}
        parts = [*((folder, b"") for folder in folders.values()), *parts]
    with zipfile.ZipFile(_Pipe(out) if way == "descriptors" else out, "w") as archive:
        for name, content in parts:
            info = zipfile.ZipInfo(name, (2026, 11, 27, 8, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if way == "stored" or name.endswith("/") else zipfile.ZIP_DEFLATED
            if way == "extra":
                info.extra, info.comment, info.create_system = struct.pack("<HH4s", 0xCAFE, 4, b"more"), b"a part", rng.choice([0, 3])
            with archive.open(info, "w", force_zip64=way == "zip64") as part:
                part.write(content)
        if way == "comment":
            archive.comment = rng.randbytes(rng.choice([1, 300, 60_000])).replace(b"PK", b"pk")
    return out.getvalue()


class _Pipe(io.RawIOBase):
    """A file in which one cannot go back."""

    def __init__(self, out: io.BytesIO):
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        return self._out.write(data)
