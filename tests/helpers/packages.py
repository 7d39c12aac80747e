"""Small .xlsx packages made by hand from raw XML, as odd or as hostile as a test wants them."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def relationships(*entries: tuple[str, str, str]) -> str:
    """A .rels part from (id, kind, target)."""
    rows = "".join(f'<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>'
                   for id, kind, target in entries)
    return f'{XML}<Relationships xmlns="{RELS}">{rows}</Relationships>'


def worksheet(rows: str, *, before: str = "", after: str = "", namespace: str = MAIN) -> str:
    """A sheet part around the XML of its rows."""
    return (f'{XML}<worksheet xmlns="{namespace}" xmlns:r="{OFFICE}">{before}'
            f"<sheetData>{rows}</sheetData>{after}</worksheet>")


def workbook_xml(sheets, *, inside: str = "", namespace: str = MAIN) -> str:
    """workbook.xml; `inside` follows the list of sheets."""
    tabs = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, 1))
    return f'{XML}<workbook xmlns="{namespace}" xmlns:r="{OFFICE}"><sheets>{tabs}</sheets>{inside}</workbook>'


def parts_of(sheets: dict[str, str], *, strings: str | None = None, styles: str | None = None,
             workbook: str | None = None, more: dict[str, str | bytes] | None = None) -> dict[str, str | bytes]:
    """The parts of a whole workbook from {sheet name: sheet XML}."""
    targets = [(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    overrides = "".join(f'<Override PartName="/xl/{target}" ContentType="application/vnd.openxmlformats-'
                        'officedocument.spreadsheetml.worksheet+xml"/>' for _, _, target in targets)
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml":
            f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            f'spreadsheetml.sheet.main+xml"/>{overrides}</Types>',
        "_rels/.rels": relationships(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": workbook or workbook_xml(sheets),
    }
    for n, xml in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{n}.xml"] = xml
    if strings is not None:
        parts["xl/sharedStrings.xml"] = strings
        targets.append(("rIdS", "sharedStrings", "sharedStrings.xml"))
    if styles is not None:
        parts["xl/styles.xml"] = styles
        targets.append(("rIdT", "styles", "styles.xml"))
    parts["xl/_rels/workbook.xml.rels"] = relationships(*targets)
    return parts | (more or {})


def zipped(parts: dict[str, str | bytes], *, zip64: bool = False) -> bytes:
    """The parts as a zip, all dated 1980 like Excel's."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=zip64) as part:
                part.write(content.encode() if isinstance(content, str) else content)
    return out.getvalue()


def make_book(path: Path, rows: str = "", *, sheet: str = "R", xml: str | None = None, **parts) -> Path:
    """A workbook with one sheet: from the XML of its rows, or of the whole sheet."""
    path.write_bytes(zipped(parts_of({sheet: xml if xml is not None else worksheet(rows)}, **parts)))
    return path


def read_parts(path: Path) -> dict[str, bytes]:
    """The unpacked content of every part."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed_parts(path: Path) -> dict[str, bytes]:
    """The packed bytes of every part, as they lie in the zip."""
    content = Path(path).read_bytes()
    found = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name_and_extra = struct.unpack_from("<2H", content, info.header_offset + 26)
            at = info.header_offset + 30 + sum(name_and_extra)
            found[info.filename] = content[at:at + info.compress_size]
    return found


def with_part(source, target, part: str, change) -> Path:
    """A copy of a package in which `change(bytes) -> bytes` was applied to one part."""
    with zipfile.ZipFile(source) as a, zipfile.ZipFile(target, "w") as b:
        for name in a.namelist():
            content = a.read(name)
            b.writestr(name, change(content) if name == part else content)
    return Path(target)


def with_names(source, target, names: dict[str, str], attributes: str = "") -> Path:
    """A copy of a workbook without names that defines these: name -> what it refers to."""
    xml = "".join(f'<definedName name="{name}"{attributes}>{refers_to}</definedName>' for name, refers_to in names.items())
    block = f"</sheets><definedNames>{xml}</definedNames>".encode()
    return with_part(source, target, "xl/workbook.xml", lambda part: part.replace(b"</sheets>", block))
