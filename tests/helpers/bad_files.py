"""The sixty bad inputs, second half: files, tables of ratings, and what the system does meanwhile."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

from bad_input import FIT, BadInput, file, noted, packed, sheet

_TYPES = "[Content_Types].xml"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NEW = ("new", "r.csv", "-o", "b.xlsx")
_not_utf8 = file("r.csv", b"user,item,rating\n1,1,3\n1,\xff,4\n")
_TITLED = (*_NEW, "--titles", "t.csv")


def _table(content: str) -> Callable:
    return file("r.csv", content.encode())


def _ratings(folder: Path) -> None:
    _table("user,item,rating\n1,1,3\n1,2,4\n2,1,5\n2,2,1\n")(folder)


def _titles(title: str) -> Callable:
    def make(folder: Path) -> None:
        _ratings(folder)
        (folder / "t.csv").write_text(f'item,title\n1,"{title}"\n2,A film\n')
    return make


def _many_items(folder: Path) -> None:
    """A table of 20,000 items."""
    rows = "\n".join(f"{n % 30},{n},{n % 5 + 1}" for n in range(20_000))
    _table(f"user,item,rating\n{rows}\n")(folder)


def _crowd(folder: Path) -> None:
    """1,200,000 ratings: a tenth is held out, and the sheet embedding has no room for the rest, a rating a row."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    user, item = np.divmod(np.arange(1_200_000), 1000)
    pq.write_table(pa.table({"user": user, "item": item, "rating": (item % 5 + 1).astype(float)}), folder / "r.parquet")


def _more(change: Callable[[Path], object]) -> Callable:
    """The sheet, and something done to the folder."""
    def both(folder: Path) -> None:
        sheet()(folder)
        change(folder)
    return both


def _added(name: str, content: str) -> Callable:
    """A part more in the workbook."""
    import zipfile

    def change(folder: Path) -> None:
        with zipfile.ZipFile(folder / "w.xlsx", "a") as archive:
            archive.writestr(name, content)
    return change


def _linked(folder: Path) -> None:
    (folder / "w.xlsx").rename(folder / "real.xlsx")
    (folder / "w.xlsx").symlink_to("real.xlsx")


@contextmanager
def _full_disk(_: Path) -> Iterator[None]:
    """No file grows beyond 3,000 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _changed_meanwhile(folder: Path) -> Iterator[None]:
    """Somebody writes the same workbook again while ours is being written."""
    from pyxl.xlsx import save

    real = save.copy_package

    def copied(*arguments):
        real(*arguments)
        os.utime(folder / "w.xlsx")
    with mock.patch.object(save, "copy_package", copied):
        yield


@contextmanager
def _another_saver(folder: Path) -> Iterator[None]:
    """Another process saves in this folder, for longer than we wait."""
    from pyxl.xlsx import save

    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    real = save.one_saver
    try:
        with mock.patch.object(save, "one_saver", lambda *where, wait: real(*where, wait=0.05)):
            yield
    finally:
        os.close(lock)


@contextmanager
def _ctrl_c(_: Path, *, at: int) -> Iterator[None]:
    """Ctrl-C at that epoch."""
    from pyxl.fit.press_fit import OnlyEpochs

    def on_epoch(self, epoch):
        if epoch.epoch == at:
            raise KeyboardInterrupt
    with mock.patch.object(OnlyEpochs, "on_epoch", on_epoch):
        yield


@contextmanager
def _small_gpu(_: Path) -> Iterator[None]:
    """A GPU that has too little memory."""
    import torch

    from solver.fitting import fit_ratings

    real, met = fit_ratings._descend_on, []

    def descend(device, *rest):
        met.append(device)
        if len(met) == 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return real(device, *rest)
    with mock.patch.object(fit_ratings, "_descend_on", descend):
        yield


def _killed_before(folder: Path) -> None:
    """What a killed save leaves."""
    (folder / ".~collabsheet-0123456789abcdef.tmp").write_bytes(b"half a workbook")


FILES: dict[str, BadInput] = {
    "25": BadInput("a read-only workbook", "'w.xlsx' is read-only. Clear the mark", _more(lambda folder: (folder / "w.xlsx").chmod(0o444))),
    "1 in a table": BadInput("a rating that is text, in a table", "r.csv, line 2", _table("user,item,rating\n1,1,good\n1,2,4\n"), _NEW),
    "12 in a table": BadInput("no name, in a table", "names no user", _table("user,item,rating\n,1,3\n1,2,4\n"), _NEW),
    "17 in a table": BadInput("one rating, in a table", "only rating", _table("user,item,rating\n1,1,4\n"), _NEW),
    "22 in a table": noted("a rating far above all others, in a table", "the rating 500 lies outside 1 to 5, where all but 1 of the ratings lie",
                           _table("user,item,rating\n" + "".join(f"{n % 6},{n},{n % 5 + 1 if n != 9 else 500}\n" for n in range(30))), _NEW),
    "37": noted("a table with semicolons, BOM and decimal commas", "was read with ';' between the columns, UTF-8 with a byte order mark, decimal comma: 3 ratings", file("r.csv", "\ufeffuser;item;rating\n1;1;3,5\n1;2;4\n2;1;5\n".encode()), _NEW),
    "38": noted("a byte that is no UTF-8", "Windows-1252 (Latin-1)", _not_utf8, _NEW),
    "38 stated": BadInput("the same, said to be UTF-8", "r.csv, line 3 is not UTF-8 text.", _not_utf8, (*_NEW, "--encoding", "utf-8")),
    "38 mixed": BadInput("one such byte among UTF-8", "r.csv, line 3 is not UTF-8 text.", file("r.csv", b"user,item,rating\n1,\xc3\xa9,3\n1,\xff,4\n"), _NEW),
    "39": BadInput("more rows than Excel has", "1,048,576", _crowd, ("new", "r.parquet", "-o", "b.xlsx", "--users", "1200", "--items", "1000")),
    "40": BadInput("more columns than Excel has", "16,384", _many_items, (*_NEW, "--items", "20000")),
    "41": noted("a title that begins with =", "'=HYPERLINK(1)' begins like a formula: stored as text, which nothing runs.", _titles("=HYPERLINK(1)"), _TITLED),
    "42": noted("a title that begins with +", "'+cmd|' /C calc'!A0' begins like a formula: stored as text", _titles("+cmd|' /C calc'!A0"), _TITLED),
    "43": BadInput("a zip bomb", "unpacks to more than is plausible", file("w.xlsx", packed({_TYPES: b"", "xl/a.xml": bytes(80 << 20)}))),
    "44": BadInput("a DTD", "carries a DTD", file("w.xlsx", packed({_TYPES: b"", "xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><workbook>&b;</workbook>'}))),
    "45": BadInput("a part outside its folder", "illegal name", file("w.xlsx", packed({_TYPES: b"", "../a.xml": b""}))),
    "46": noted("a symbolic link", "Wrote w.xlsx", _more(_linked)),
    "47": BadInput("a password", "is protected by a password. Remove it in Excel", file("w.xlsx", _OLE + "EncryptedPackage".encode("utf-16-le"))),
    "48 xls": BadInput("an .xls", "is an old .xls file. Open it in Excel and Save As .xlsx", file("w.xlsx", _OLE + bytes(512))),
    "48 xlsb": BadInput("an .xlsb", "is a binary .xlsb workbook", file("w.xlsx", packed({_TYPES: b"", "xl/workbook.bin": b""}))),
    "48 ods": BadInput("an .ods", "is an OpenDocument file", file("w.xlsx", packed({"mimetype": b"", "content.xml": b""}))),
    "48 csv": BadInput("a CSV with another name", "is a text file", file("w.xlsx", b"user,item,rating\n1,1,3\n")),
    "48 empty": BadInput("an empty table", "is empty", _table(""), _NEW),
    "49": BadInput("a damaged file", "is damaged", file("w.xlsx", b"PK\3\4" + bytes(100))),
    "50": BadInput("a workbook that is open elsewhere", "'w.xlsx' is open by Jane. Close it and run again",
                   _more(lambda folder: (folder / ".~lock.w.xlsx#").write_text("Jane,jane,host,now,profile;"))),
    "51": BadInput("a workbook that changed meanwhile", "'w.xlsx' was changed by another program since it was read.", sheet(), within=_changed_meanwhile),
    "52": BadInput("a full disk", "the disk does not take a file of this size. Free some space", sheet(), within=_full_disk),
    "53": noted("what a killed save left", "Wrote w.xlsx", _more(_killed_before)),
    "54": BadInput("two that save at once", "is being saved by another run. Wait for it to end", sheet(), within=_another_saver),
    "55": BadInput("a digital signature", "carries a digital signature, which any change would break.",
                   _more(_added("_xmlsignatures/sig1.xml", "<Signature/>"))),
    "57": noted("a GPU with too little memory", "The GPU's memory is full; the CPU was used.", sheet(), within=_small_gpu),
    "58": noted("no GPU", "No cuda device was found; the CPU is used.", sheet(), (*FIT, "--device", "cuda")),
    "59": noted("Ctrl-C while it fits", "Stopped by Ctrl-C at epoch 6; the best so far is kept: epoch 5, RMSE", sheet(), within=partial(_ctrl_c, at=5)),
    "59 before": BadInput("Ctrl-C at once", "Stopped by Ctrl-C; nothing was written.", sheet(),
                          within=lambda _: mock.patch("pyxl.detect.verified_model.detect", side_effect=KeyboardInterrupt)),
}
