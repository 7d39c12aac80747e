"""Sound workbooks, some of them odd, and edits to try on them."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import lesson_sheet
from packages import parts_of, worksheet

from campaign.mutations import zipped
from pyxl.grid.cells import Cell

VALUES = [0, 1, -2.5, 1e300, 1e-300, True, False, "", "text", " a ", "<&>\"'", "\r\n", "_x0041_", "é→😀", "\x07", "=1+1", "x" * 3000, None]


@cache
def bases() -> tuple[bytes, ...]:
    """Sound workbooks to change: crosstabs, a long table, array formulas, names, styles, shared strings, a hand-made one."""
    made = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.xlsx"
        for options in ({"variant": "dot"}, {"variant": "dot+bias", "solver": True}, {"variant": "dot", "array": True, "down": 3}):
            lesson_sheet.write(path, lesson_sheet.table(5, 4), k=2, **options)
            made.append(path.read_bytes())
        from workbook.examples import write_examples
        made += [example.read_bytes() for example in write_examples(Path(folder) / "examples")]
    made.append(odd_book(random.Random(0)))
    return tuple(made)


def odd_book(rng: random.Random, names: Sequence[str] = ("R", "S T")) -> bytes:
    """A workbook of random sheets of these names."""
    strings = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>a</t></si><si><r><t>b</t></r><r><t>c</t></r></si></sst>'
    return zipped(rng, [(name, content.encode() if isinstance(content, str) else content) for name, content in
                        parts_of({name: random_sheet(rng) for name in names}, strings=strings).items()])


def random_sheet(rng: random.Random) -> str:
    """The XML of a sheet that is sound: gaps, rows and cells without addresses, all types of cells, formulas of all kinds."""
    rows, row = [], 0
    for _ in range(rng.randint(0, 8)):
        addressed = rng.random() < 0.8
        row += rng.choice([1, 1, 1, 2, 500]) if addressed else 1
        cells, col = [], 0
        for _ in range(rng.randint(0, 6)):
            told = rng.random() < 0.8
            col += rng.choice([1, 1, 2, 30]) if told else 1
            cells.append(_random_cell(rng, f' r="{Cell(row, col)}"' if told else ""))
        more = rng.choice(["", ' spans="1:3"', ' ht="20" customHeight="1"', ' hidden="1"'])
        head = f'<row r="{row}"{more}' if addressed else f"<row{more}"
        rows.append(f"{head}>{''.join(cells)}</row>" if cells or rng.random() < 0.5 else f"{head}/>")
    before = rng.choice(["", '<dimension ref="A1"/>', '<cols><col min="1" max="3" width="9"/></cols>'])
    xml = worksheet("".join(rows), before=before, after=rng.choice(["", '<pageMargins left="1" right="1" top="1" bottom="1" header="0" footer="0"/>']))
    return xml.replace("<sheetData></sheetData>", "<sheetData/>") if rng.random() < 0.5 else xml


def _random_cell(rng: random.Random, address: str) -> str:
    return rng.choice([
        f"<c{address}><v>{rng.choice(['1', '-2.5', '1E+300', '3.0'])}</v></c>", f"<c{address}/>", f'<c{address} t="b"><v>1</v></c>',
        f'<c{address} t="e"><v>#N/A</v></c>', f'<c{address} t="inlineStr"><is><t xml:space="preserve"> x &amp; y</t></is></c>',
        f'<c{address} t="str"><f>"a"&amp;"b"</f><v>ab</v></c>', f"<c{address}><f>1+1</f><v>2</v></c>", f"<c{address}><f>1+1</f></c>",
        f"<c{address}  ><v>7</v ></c>", f'<c{address}><v>4</v><extLst><ext uri="u"/></extLst></c>'])


def random_edits(rng: random.Random, grid) -> dict[Cell, object]:
    """Values for cells that are there and for some that are not; formulas are left alone."""
    there = [cell for cell in grid.values if cell not in grid.formulas]
    cells = set(rng.sample(there, min(len(there), rng.randint(0, 4))))
    cells |= {Cell(rng.choice([1, 2, 3, 7, 400, 1_048_576]), rng.choice([1, 2, 3, 9, 50, 16_384])) for _ in range(rng.randint(1, 4))}
    return {cell: rng.choice(VALUES) for cell in cells if cell not in grid.formulas}
