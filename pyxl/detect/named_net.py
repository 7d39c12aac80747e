"""The net on a sheet of ours, found by the names of its blocks. `verify` checks what its formulas compute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.grid.cells import Range, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.layout import Block, Layout

from .id_cells import shown_id, spelled_plainly
from .model_sheet import NOBODY, Damaged, ModelSheet, NotRecognised

_LAYERS = {"hidden_weights": "columns", "hidden_bias": "columns", "output_weights": "rows", "output_bias": "rows"}
_BLOCKS = {"user_factors": "rows", "item_factors": "rows", **_LAYERS}
_RANGES = ("ratings", "predictions", "user_ids", "item_ids", "user_keys", "item_keys")
_CELLS = ("rmse", "low", "high", "dropout", "dropping")


def net_is_named(named: Mapping[str, Range]) -> bool:
    """Whether names of ours say that a sheet holds layers of a net."""
    return any(role in named for role in _LAYERS)


def named_net(grid: Grid, named: Mapping[str, Range], calculator: Calculator) -> ModelSheet:
    """The net whose blocks these names give. Raises NotRecognised where one is missing, where their sizes do not fit, or
    while its dropout is at work."""
    where = quoted(grid.sheet)
    if missing := [role for role in (*_BLOCKS, *_RANGES, *_CELLS) if role not in named]:
        raise NotRecognised(f"{where}: a net is named there, but no {', '.join(missing)}. Name them in Formulas > Name Manager.")
    blocks = {role: Block(named[role], along) for role, along in _BLOCKS.items()}
    ranges, cells = {role: named[role] for role in _RANGES}, {role: named[role].first for role in _CELLS}
    _refuse_unequal(where, blocks, ranges)
    if calculator.value(grid.sheet, cells["dropping"]) != "off":
        raise NotRecognised(f"{where}!{cells['dropping']} switches dropout on, and the net is judged, and fitted, without. Say off there.")
    user_of, item_of = (_places(grid, calculator, ranges[f"{what}_keys"], ranges[f"{what}_ids"], what) for what in ("user", "item"))
    parts: dict[str, Any] = {**blocks, **ranges, **cells}
    return ModelSheet(Layout(sheet=grid.sheet, form="long", variant="net", **parts), user_of, item_of)


def _refuse_unequal(where: str, blocks: Mapping[str, Block], ranges: Mapping[str, Range]) -> None:
    user_factors, item_factors = blocks["user_factors"].shape[1], blocks["item_factors"].shape[1]
    n = blocks["hidden_weights"].shape[0]
    expected = {"user_factors": (ranges["user_ids"].size, user_factors), "item_factors": (ranges["item_ids"].size, item_factors),
                "hidden_weights": (n, user_factors + item_factors), "hidden_bias": (n, 1), "output_weights": (1, n), "output_bias": (1, 1)}
    for role, shape in expected.items():
        if (block := blocks[role]).shape != shape:
            raise Damaged(f"{where}!{block.range} ({role}) is {' × '.join(map(str, block.range.shape))}, and does not fit the other blocks "
                          "of the net, as after inserting a row or a column in one of them alone. Undo that.")
    for role in ("predictions", "user_keys", "item_keys"):
        if ranges[role].shape != ranges["ratings"].shape:
            raise Damaged(f"{where}!{ranges[role]} ({role}) and the ratings {ranges['ratings']} have different numbers of rows. "
                          "Undo what was inserted or deleted in one of them alone.")


def _places(grid: Grid, calculator: Calculator, keys: Range, ids: Range, what: str) -> np.ndarray:
    """Whose rating each row is: the place of its label among the ids."""
    place = {spelled_plainly(label): n for n, label in enumerate(_labels(grid, calculator, ids))}
    found = []
    for cell, label in zip(keys.cells(), _labels(grid, calculator, keys)):
        if label not in (None, "") and spelled_plainly(label) not in place:
            raise NotRecognised(f"{quoted(grid.sheet)}!{cell} names {what} {shown_id(label)}, who has no row in {ids}. Correct it.")
        found.append(NOBODY if label in (None, "") else place[spelled_plainly(label)])
    return np.array(found).reshape(keys.shape)


def _labels(grid: Grid, calculator: Calculator, where: Range) -> Iterable:
    return (calculator.value(grid.sheet, cell) for cell in where.cells())
