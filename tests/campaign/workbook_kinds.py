"""Cases about workbooks: packages that were changed, and sheets that are odd but sound, or in disorder."""

from __future__ import annotations

import random
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from packages import parts_of
from packages import zipped as as_package

from campaign.dom import in_order
from campaign.edit_checks import check_by_openpyxl, check_edits, save_edits
from campaign.mutations import with_package_changed
from campaign.sound_books import bases, random_sheet
from campaign.verdict import Failed
from pyxl.doctor.package_consistency import package_faults
from pyxl.fit.inspect_sheet import inspect_workbook
from solver import UserError

SHEETS = 20     # in a workbook of the kind `sheets`
_ROW = re.compile(r"<row\b[^<>]*/>|<row\b.*?</row>", re.S)
_CELL = re.compile(r"<c\b[^<>]*/>|<c\b.*?</c>", re.S)


def package_of(number: int) -> bytes:
    """The workbook of a case of the kind `packages`."""
    rng = random.Random(f"packages {number}")
    return with_package_changed(rng, rng.choice(bases()))


def packages(number: int) -> None:
    """A workbook that was changed in any way is read, inspected, edited: refused in a sentence, or rightly saved."""
    judge_package(package_of(number), number)


def judge_package(content: bytes, number: int) -> None:
    """The same for a given workbook; `number` draws the edits."""
    rng = random.Random(f"edits {number}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.xlsx"
        path.write_bytes(content)
        with suppress(UserError):
            list(package_faults(path))
        if rng.random() < 0.2:      # it takes its time
            inspect_workbook(path)
        out = path.with_name("out.xlsx")
        if edits := save_edits(rng, path, out):
            check_edits(path, out, edits)
            check_by_openpyxl(path, out, edits)


def sheets(number: int) -> None:
    """Edits of twenty sheets at once: sound ones become what a plain tree of each would be, one in disorder is refused."""
    rng = random.Random(f"sheets {number}")
    made = {f"S{n}": random_sheet(rng) for n in range(SHEETS)}
    if rng.random() < 0.3:
        name = rng.choice(list(made))
        made[name] = in_disorder(rng, made[name])
    disordered = [name for name, xml in made.items() if not in_order(xml.encode())]
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "w.xlsx", Path(folder) / "out.xlsx"
        path.write_bytes(as_package(parts_of(made)))
        try:
            edits = save_edits(rng, path, out, list(made))
        except UserError as why:
            if disordered and disordered[0] in str(why) and not out.exists():
                raise
            raise Failed(f"a sound workbook was refused: {why}") from None
        if disordered:
            raise Failed(f"rows or cells of {disordered} are out of order, and it was edited")
        check_edits(path, out, edits)
        check_by_openpyxl(None, out, edits)


def in_disorder(rng: random.Random, xml: str) -> str:
    """A sheet of which two rows or two cells changed places, or one stands there twice."""
    found = [match.span() for match in rng.choice([_ROW, _CELL]).finditer(xml)]
    if not found:
        return xml
    (a, b), (c, d) = sorted(rng.choices(found, k=2))
    if a == c:
        return xml[:b] + xml[a:b] + xml[b:]
    return xml[:a] + xml[c:d] + xml[b:c] + xml[a:b] + xml[d:]
