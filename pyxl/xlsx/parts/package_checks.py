"""What a file is that is no workbook of ours, said in one sentence each; and what no zip may hold."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import BinaryIO

from solver.disk import refuse_unless_file
from solver.errors import UserError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .xls, and of encrypted workbooks
_BIG = 64 << 20                             # below this size a part's compression ratio is no threat


def refuse_foreign_file(path: Path) -> None:
    """Raise UserError for a file that is not a zip: encrypted, .xls, text, empty …"""
    name = path.name
    refuse_unless_file(path)
    with open(path, "rb") as file:
        start = file.read(4096)
        if start.startswith(_OLE):
            if _holds(file, "EncryptedPackage".encode("utf-16-le")):
                raise UserError(f"'{name}' is protected by a password. Remove it in Excel "
                                "(File > Info > Protect Workbook > Encrypt), then run again.")
            raise UserError(f"'{name}' is an old .xls file. Open it in Excel and Save As .xlsx, then run again.")
    if start.startswith(b"PK"):
        return
    if not start:
        raise UserError(f"'{name}' is empty (0 bytes). Get a good copy of the workbook.")
    if _looks_like_text(start):
        raise UserError(f"'{name}' is a text file (CSV?), not a workbook. "
                        "Open it in Excel and Save As .xlsx, or name it .csv and give it to `collabsheet new`.")
    raise UserError(f"'{name}' is not an Excel workbook. Open it in Excel and Save As .xlsx.")


def _holds(file: BinaryIO, sought: bytes) -> bool:
    """Whether it stands anywhere in a file, which is read a piece at a time: to map one that shrinks would kill us."""
    file.seek(0)
    before = b""
    while piece := file.read(1 << 20):
        if sought in before + piece:
            return True
        before = piece[-len(sought):]
    return False


def _looks_like_text(start: bytes) -> bool:
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    return not any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in start)


def refuse_unsafe_parts(archive: zipfile.ZipFile, name: str, limits) -> None:
    """Raise UserError for names, sizes and overlaps that no honest workbook has."""
    infos = archive.infolist()
    if len(infos) > limits.parts:
        raise UserError(f"'{name}' has {len(infos):,} parts, more than the {limits.parts:,} that are plausible; "
                        "refused. Get a clean copy.")
    seen: set[str] = set()
    for info in infos:
        _refuse_part_name(info.orig_filename, seen, name)
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UserError(f"'{name}': its part '{info.filename}' is encrypted or packed in a way that Excel does "
                            "not use; refused. Open it in Excel and save it again.")
        if info.file_size > _BIG and info.file_size > limits.ratio * max(info.compress_size, 1):
            raise implausible(name, info.filename)
    if sum(info.file_size for info in infos) > limits.unpacked:
        raise implausible(name, max(infos, key=lambda info: info.file_size).filename)


def _refuse_part_name(part: str, seen: set[str], name: str) -> None:
    bad = (part.startswith("/") or "\\" in part or ":" in part or ".." in part.split("/")
           or not part.isprintable())
    if bad:
        raise UserError(f"'{name}' holds a part with an illegal name ({part[:80]!r}); refused as unsafe. "
                        "Open it in Excel and save it again.")
    if part.lower() in seen:
        raise UserError(f"'{name}' holds the part '{part}' twice; refused as unsafe. "
                        "Open it in Excel and save it again.")
    seen.add(part.lower())


def refuse_other_formats(parts: set[str], name: str) -> None:
    """Raise UserError for a zip that is some other kind of document; `parts` in lower case."""
    if "xl/workbook.bin" in parts:
        raise UserError(f"'{name}' is a binary .xlsb workbook. Open it in Excel and Save As .xlsx (or .xlsm), "
                        "then run again.")
    if "mimetype" in parts or "content.xml" in parts:
        raise UserError(f"'{name}' is an OpenDocument file (.ods). Open it in LibreOffice or Excel and "
                        "Save As .xlsx, then run again.")
    if "word/document.xml" in parts or "ppt/presentation.xml" in parts:
        raise UserError(f"'{name}' is a Word or PowerPoint document, not a workbook. Give an .xlsx file.")


def implausible(name: str, part: str) -> UserError:
    """The error for a zip bomb."""
    return UserError(f"'{name}' unpacks to more than is plausible (part '{part}'); refused as a possible "
                     "zip bomb. Get a clean copy.")


def damaged_workbook(name: str, what: str) -> UserError:
    """The error for a package that is broken; `what` says how."""
    return UserError(f"'{name}' is damaged: {_short(what)}. Open it in Excel, let it repair it, and save it again.")


def damaged_sheet(sheet: str, what: str) -> UserError:
    """The error for a sheet whose cells cannot be right; `what` says why."""
    return UserError(f"Sheet '{sheet}' is damaged: {_short(what)}. "
                     "Open the workbook in Excel, let it repair it, and save it again.")


def _short(what: str) -> str:
    """What is found in a damaged file may have any length; a sentence has not."""
    return re.sub(r"\S{80,}", lambda found: found[0][:60] + "…", what)[:400]
