"""Where the bytes of a table come from: a file, packed or not, a file in a zip archive, or the standard input."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from solver.disk import refuse_unless_file
from solver.errors import UserError

STDIN = "-"
CANNOT_BE_READ = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
_HEAD = 65_536
_ZIP = b"PK\x03\x04"
_OF_WORKBOOKS = ("[Content_Types].xml", "mimetype")     # what an .xlsx and an .ods hold


def _zstandard(path: Path) -> BinaryIO:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as packed:     # which cannot go back to the beginning
        return io.BytesIO(packed.read())


PACKINGS: dict[bytes, Callable[[Path], object]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _zstandard,
}


@dataclass(frozen=True)
class Source:
    """A file that was found: `name` is what messages call it, `packing` its first bytes where it is packed,
    `member` the file that is meant in a zip archive."""

    path: Path
    name: str
    packing: bytes | None = None
    member: str | None = None
    size: int = 0       # bytes on disk, when it was found

    @property
    def suffix(self) -> str:
        """The ending that tells the format, in small letters: ``'.csv'`` of ``ratings.csv.gz``."""
        name = Path(self.member or self.name)
        return (Path(name.stem) if self.packing and not self.member else name).suffix.lower()

    @property
    def packed(self) -> bool:
        return self.packing is not None

    def opened(self) -> BinaryIO:
        """The bytes, unpacked."""
        if self.member is not None:
            return cast(BinaryIO, zipfile.ZipFile(self.path).open(self.member))
        return cast(BinaryIO, PACKINGS[self.packing](self.path)) if self.packing else self.path.open("rb")

    def head(self) -> bytes:
        """The first bytes, unpacked. Raises UserError where they cannot be read."""
        try:
            with self.opened() as raw:
                return raw.read(_HEAD)
        except CANNOT_BE_READ as error:
            raise UserError(f"'{self.name}' cannot be read: {reason_for(error)}.") from None

    def refuse_if_cut(self) -> None:
        """Raise UserError where the file has become shorter since it was found: rows are missing, or half a number was read."""
        if self.path.stat().st_size < self.size:
            raise UserError(f"{self.name} became shorter while it was read: another program writes it. Wait for that, then run again.")


def source_of(path: str | Path) -> Source:
    """The file at a path. Raises UserError where there is none, or where it cannot be told which file of an archive is meant."""
    path = Path(path)
    refuse_unless_file(path)
    try:
        with path.open("rb") as raw:
            start = raw.read(8)
        size = path.stat().st_size
    except FileNotFoundError:
        raise UserError(f"There is no file '{path.name}'. Check its name and folder.") from None
    except IsADirectoryError:
        raise UserError(f"'{path.name}' is a folder. Name the file in it.") from None
    except OSError as error:
        raise UserError(f"'{path.name}' cannot be read: {reason_for(error)}.") from None
    packing = next((mark for mark in PACKINGS if start.startswith(mark)), None)
    if start.startswith(_ZIP) and (member := _member(path)) is not None:
        return Source(path, path.name, _ZIP, member, size)
    return Source(path, path.name, packing, size=size)


@contextmanager
def standard_input(name: str = "standard input") -> Iterator[Source]:
    """What comes in on stdin, put into a file of its own meanwhile, because tables are read more than once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdin"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        found = source_of(path)
        yield Source(path, name, found.packing, found.member, found.size)


def _member(archive: Path) -> str | None:
    """The one table in a zip archive; None where the archive is a workbook."""
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [info.filename for info in opened.infolist() if not info.is_dir()]
            locked = any(info.flag_bits & 1 for info in opened.infolist())
    except CANNOT_BE_READ as error:
        raise UserError(f"'{archive.name}' cannot be read: {reason_for(error)}.") from None
    if any(name in _OF_WORKBOOKS for name in names):
        return None
    if locked:
        raise UserError(f"'{archive.name}' is protected by a password. Unpack it, and give the file of ratings in it.")
    names = [name for name in names if not name.startswith("__MACOSX/") and not Path(name).name.startswith(".")]
    of_ratings = [name for name in names if "rating" in Path(name).name.casefold()]
    for some in (names, of_ratings):
        if len(some) == 1:
            return some[0]
    shown = ", ".join(Path(name).name for name in names[:6]) + (", …" if len(names) > 6 else "")
    raise UserError(f"'{archive.name}' holds {len(names)} files{f': {shown}' if names else ''}. "
                    "Unpack it, and give the file of ratings in it.")


def reason_for(error: Exception) -> str:
    """The system's reason without the path, which is nobody's business."""
    return (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()
