"""In an open workbook every formula follows a change at once, whatever LibreOffice had not looked at yet."""

from __future__ import annotations

import pytest
import xlwings
from planted import random_ratings

import workbook
from pyxl import open_workbook


@pytest.mark.parametrize("users, items", [(15, 15), (60, 50)])  # a formula a cell, and array formulas
def test_nothing_is_stale_after_a_change(calc, tmp_path, users, items):
    """Opened, changed and read, all cells are what they are after a hard recalculation."""
    path = tmp_path / "b.xlsx"
    layouts = workbook.build(random_ratings(users, items), path, n_factors=3, holdout=0.1)
    with open_workbook(path) as opened:
        used = {name: str(opened.grid(name).used) for name in opened.sheets if opened.grid(name).formulas}
    assert {"start", "dotprod", "embedding", "recommend", "you", "why", "items", "users", "check"} <= used.keys()
    xlwings.engines["libreoffice"].activate()
    book = calc.books.open(str(path))
    try:
        for sheet in ("dotprod", "bias", "embedding"):
            block = layouts[sheet].item_factors.range
            for cell, value in ((block.first, 2.0), (block.first.moved(1, 2), -1.5)):
                book.sheets[sheet].range(str(cell)).value = value
        book.sheets["you"].range("B10").value = 4.0
        followed = {name: book.sheets[name].range(where).value for name, where in used.items()}
        calc.calculate()
        for name, where in used.items():
            for row, (found, computed) in enumerate(zip(followed[name], book.sheets[name].range(where).value, strict=True), 1):
                numbers = [type(value) is float for value in computed]
                assert [v for v, n in zip(found, numbers) if n] == pytest.approx([v for v, n in zip(computed, numbers) if n], abs=1e-9), (name, row)
                assert [v for v, n in zip(found, numbers) if not n] == [v for v, n in zip(computed, numbers) if not n], (name, row)
    finally:
        book.close()
