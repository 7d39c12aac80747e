"""An .xlsx file as a zip of parts that stay bytes: opened with care, read as streams."""

from __future__ import annotations

import os
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from pyxl.xlsx.parts.xml_stream import elements
from solver.errors import UserError

from .parts import package_checks as checks

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a workbook may be at most, before it is taken for an attack.

    `parts`: files in the zip; `unpacked`: bytes of all parts together; `ratio`: unpacked to packed
    size of one part (only parts above 64 MiB are asked); `small_part`: bytes of a part that is
    read whole (workbook.xml, relations).
    """

    parts: int = 10_000
    unpacked: int = 4 << 30
    ratio: int = 250
    small_part: int = 64 << 20


@dataclass(frozen=True)
class Relation:
    """How a part refers to another: `kind` is the last word of the type (``'worksheet'``)."""

    id: str
    kind: str
    part: str


class Package:
    """The parts of one open .xlsx file; make one with `open_package`.

    `stamp` is the file's state when it was opened. The file stays open: whatever happens to its
    name, the parts that are read belong together.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, limits: Limits):
        self.path, self.archive, self.limits = path, archive, limits
        if archive.fp is None:
            raise UserError(f"'{path.name}' is closed. Open it again.")
        self._file = archive.fp
        self.stamp = os.fstat(self._file.fileno())

    @property
    def name(self) -> str:
        """The file's name without its folder, for sentences."""
        return self.path.name

    @cached_property
    def _by_name(self) -> dict[str, zipfile.ZipInfo]:
        return {info.filename.lower(): info for info in self.archive.infolist()}

    @cached_property
    def extents(self) -> dict[str, tuple[int, int]]:
        """part -> (start, end) in the file, from its local header to the next one; UserError on overlap."""
        infos = sorted(self.archive.infolist(), key=lambda info: info.header_offset)
        ends = [info.header_offset for info in infos[1:]] + [self.archive.start_dir]
        for info, end in zip(infos, ends):
            if info.header_offset < 0:
                raise checks.damaged_workbook(self.name, "it is cut short")
            if info.header_offset + 30 + info.compress_size > end:
                raise checks.damaged_workbook(self.name, f"part '{info.filename}' overlaps another one")
        return {info.filename: (info.header_offset, end) for info, end in zip(infos, ends)}

    def find(self, part: str) -> str | None:
        """The part's name as the zip spells it, or None; part names ignore case."""
        info = self._by_name.get(part.lower())
        return info.filename if info else None

    def chunks(self, part: str) -> Iterator[bytes]:
        """The unpacked bytes of a part, up to 1 MiB at a time.

        Raises UserError for a missing or damaged part, and for one that unpacks to more than it
        declares: sizes are counted, not believed.
        """
        info = self._by_name.get(part.lower())
        if info is None:
            raise checks.damaged_workbook(self.name, f"its part '{part}' is missing")
        left, crc = info.file_size, 0
        for chunk in self._inflate(info):
            left -= len(chunk)
            if left < 0:
                raise checks.implausible(self.name, part)
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if left or crc != info.CRC:
            raise checks.damaged_workbook(self.name, f"CRC error in '{part}'")

    def _inflate(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        packed = self._packed(info)
        if info.compress_type == zipfile.ZIP_STORED:
            yield from packed
            return
        unpack = zlib.decompressobj(-15)
        try:
            for data in packed:
                while data:
                    chunk = unpack.decompress(data, _CHUNK)
                    data = unpack.unconsumed_tail
                    if chunk:
                        yield chunk
            if chunk := unpack.flush():
                yield chunk
        except zlib.error as error:
            raise checks.damaged_workbook(self.name, f"'{info.filename}' cannot be unpacked") from error

    def _packed(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        start, end = self.extents[info.filename]
        at = start + self._checked_header(info, start)
        stop = at + info.compress_size
        if stop > end:
            raise checks.damaged_workbook(self.name, f"part '{info.filename}' overlaps another one")
        while at < stop:
            data = self._read_at(at, min(_CHUNK, stop - at))
            at += len(data)
            yield data

    def _checked_header(self, info: zipfile.ZipInfo, start: int) -> int:
        """The length of the entry's own header; UserError where it says other things than the directory at the file's end:
        one program believes the one, another the other."""
        header = self._read_at(start, 30)
        if header[:4] != b"PK\3\4":
            raise checks.damaged_workbook(self.name, f"the zip entry of '{info.filename}' is not where it should be")
        flags, method, packed, unpacked, name, extra = struct.unpack("<6xHH8xLL2H", header)
        told_later = flags & 8 or 0xFFFFFFFF in (packed, unpacked)    # behind the bytes, or in the extra field
        same = method == info.compress_type and (flags ^ info.flag_bits) & 1 == 0 and (
            told_later or (packed, unpacked) == (info.compress_size, info.file_size))
        if not same or self._read_at(start + 30, name) != info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437"):
            raise UserError(f"'{self.name}' says two things about its part '{info.filename}', in the two places where a zip file "
                            "does; refused as unsafe. Open it in Excel and save it again.")
        return 30 + name + extra

    def raw(self, part: str) -> Iterator[bytes]:
        """The zip entry of a part as it lies in the file: local header, packed bytes, descriptor."""
        at, end = self.extents[part]
        self._checked_header(self.archive.getinfo(part), at)
        while at < end:
            data = self._read_at(at, min(_CHUNK, end - at))
            at += len(data)
            yield data

    def _read_at(self, offset: int, size: int) -> bytes:
        try:
            self._file.seek(offset)      # streams may be interleaved: each read seeks for itself
            data = self._file.read(size)
        except OSError as error:
            raise UserError(f"'{self.name}' cannot be read: {error.strerror or error}.") from error
        if len(data) < size:
            raise checks.damaged_workbook(self.name, "it ends early")
        return data

    def read(self, part: str) -> bytes:
        """A small part, whole."""
        info = self._by_name.get(part.lower())
        if info and info.file_size > self.limits.small_part:
            raise checks.implausible(self.name, part)
        return b"".join(self.chunks(part))

    def relations(self, part: str = "") -> list[Relation]:
        """The parts that `part` refers to (of the package itself when empty); files outside are left out."""
        folder, base = posixpath.split(part)
        rels = self.find(posixpath.join(folder, "_rels", base + ".rels"))
        if rels is None:
            return []
        found = []
        for name, attributes, _ in elements([self.read(rels)], rels):
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                kind = attributes.get("Type", "").rpartition("/")[2]
                found.append(Relation(attributes.get("Id", ""), kind, self._target(folder, attributes.get("Target", ""))))
        return found

    def _target(self, folder: str, target: str) -> str:
        """The part that a relation leads to. A blank in its name is ``%20`` in the zip as well, by the standard; many programs
        that write zips put the blank itself there."""
        spelled, plain = (posixpath.normpath(posixpath.join("/", folder, name))[1:] for name in (target, unquote(target)))
        return plain if self.find(spelled) is None else spelled

    @property
    def signed(self) -> bool:
        """Whether a digital signature covers the workbook (a macro's own signature does not count)."""
        return (any(info.filename.lower().startswith("_xmlsignatures/") for info in self.archive.infolist())
                or any(relation.kind == "origin" for relation in self.relations()))

    @property
    def closed(self) -> bool:
        return self.archive.fp is None

    def close(self) -> None:
        self.archive.close()

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def open_package(path, *, limits: Limits = Limits()) -> Package:
    """The parts of the workbook at `path`; a UserError that says what the file really is."""
    path = Path(path)
    try:
        checks.refuse_foreign_file(path)
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise UserError(f"There is no file '{path.name}' there. Check its name and folder.") from None
    except IsADirectoryError:
        raise UserError(f"'{path.name}' is a folder, not a workbook. Name the .xlsx file in it.") from None
    except PermissionError:
        raise UserError(f"'{path.name}' may not be read by you: permission denied. Ask its owner for access.") from None
    except UserError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise checks.damaged_workbook(path.name, "it is cut short or no longer a zip file") from error
    except OSError as error:
        raise UserError(f"'{path.name}' cannot be read: {error.strerror or error}.") from error
    package = Package(path, archive, limits)
    try:
        checks.refuse_unsafe_parts(archive, path.name, limits)
        checks.refuse_other_formats({info.filename.lower() for info in archive.infolist()}, path.name)
        package.extents  # noqa: B018  raises on overlapping parts
        if package.find("[Content_Types].xml") is None:
            raise UserError(f"'{path.name}' is a zip file but not an Excel workbook. Give an .xlsx file.")
    except BaseException:
        package.close()
        raise
    return package
