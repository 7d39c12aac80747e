"""A copy of a package in which named parts are replaced and all others keep their packed bytes."""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from solver.errors import UserError

from .package import Package
from .parts import xml_stream

# What turns the chunks of a part into the chunks of its replacement.
Rewrite = Callable[[Iterator[bytes]], Iterable[bytes]]

_NEAR_ZIP64 = 1 << 30   # above this size a part gets zip64 fields, so that it may grow past 2 GiB


def copy_package(package: Package, out: BinaryIO, rewrites: Mapping[str, Rewrite],
                 added: Mapping[str, bytes] = {}) -> None:
    """Write `package` to the seekable file `out`, in the same order and with the parts `added` behind all others;
    UserError for damaged parts."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = package.archive.comment
        for info in package.archive.infolist():
            if info.filename in rewrites:
                chunks = rewrites[info.filename](package.chunks(info.filename))
                entry = _fresh(info)
                with archive.open(entry, "w", force_zip64=info.file_size > _NEAR_ZIP64) as part:
                    for chunk in chunks:
                        part.write(chunk)
                entry.external_attr = info.external_attr      # zipfile turns 0 into rw-------
            else:
                _copy_raw(package, archive, out, info)
        for name, content in added.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)   # ZipInfo: of 1980, as Excel's


def _fresh(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """The directory entry of a part that is packed anew: its name, date and attributes."""
    new = zipfile.ZipInfo(info.filename, info.date_time)
    new.compress_type = zipfile.ZIP_DEFLATED
    new.create_system, new.internal_attr, new.comment = info.create_system, info.internal_attr, info.comment
    return new


def _copy_raw(package: Package, archive: zipfile.ZipFile, out: BinaryIO, info: zipfile.ZipInfo) -> None:
    # zipfile has no call for this: the entry's bytes are laid down where the archive stands, and
    # the directory learns of them.
    if not (info.filename.isascii() or info.flag_bits & 0x800):
        raise UserError(f"'{package.name}' holds a part with an illegal name ({info.filename[:80]!r}). "
                        "Open it in Excel and save it again.")
    entry = copy.copy(info)
    entry.header_offset = archive.start_dir
    out.seek(archive.start_dir)
    for data in package.raw(info.filename):
        out.write(data)
    archive.filelist.append(entry)
    archive.NameToInfo[entry.filename] = entry
    archive.start_dir = out.tell()


def written_package(path: Path, source: Package) -> Package:
    """What `copy_package` wrote to `path`, to be read back; a context manager.

    It is named like its source, whose own damage is what a sentence from there would be about.
    """
    return Package(source.path, zipfile.ZipFile(path), source.limits)


def verify_copy(written: Package, package: Package, rewritten: Iterable[str], added: Iterable[str] = ()) -> None:
    """Read back what `copy_package` wrote: the list of parts, every checksum, the rewritten XML.

    Raises UserError; the source's own damage comes to light here too.
    """
    rewritten, added = set(rewritten), list(added)
    before, after = package.archive.infolist(), written.archive.infolist()
    if [*(info.filename for info in before), *added] != [info.filename for info in after]:
        raise _failed(package, "the list of parts differs")
    for part in added:
        xml_stream.check(written.chunks(part), part)
    for old, new in zip(before, after):
        part = old.filename
        if part in rewritten:
            xml_stream.check(written.chunks(part), part)
            continue
        if (old.CRC, old.file_size, old.compress_size) != (new.CRC, new.file_size, new.compress_size):
            raise _failed(package, f"part '{part}' changed")
        for _ in written.chunks(part):     # to its end, where the checksum is compared
            pass


def _failed(package: Package, what: str) -> UserError:
    return UserError(f"'{package.name}' was not saved: the new file failed its check ({what}). "
                     "The workbook is as it was; please report this.")
