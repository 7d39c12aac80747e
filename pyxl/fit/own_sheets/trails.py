"""Leaves on the sheet `map` the way that each item came during a fit, on the directions of the map as it is at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from pyxl.grid.block_names import MAP_SHEET, TRAIL_ITEMS, block_name, trails_name
from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.sheet_names import area_named, prefix_of
from pyxl.hosts.host import Host
from pyxl.hosts.refresh_results import Changes

if TYPE_CHECKING:
    from solver import Ratings
    from solver.model.net import AnyFactors

_MOST_KEPT = 200


class Trails:
    """Hears how a fit goes, and keeps the items' factors of some epochs, at equal distances."""

    def __init__(self, sheet: str, area: Range, items: list[int], rated: np.ndarray):
        self._sheet, self._area, self._items, self._rated = sheet, area, items, rated
        self._positions = (area.shape[0] + 1) // len(items) - 1
        self._kept, self._stride, self._seen = list[np.ndarray](), 1, 0

    def look(self, factors: Callable[[], AnyFactors]) -> None:
        """Called once an epoch."""
        if self._seen % self._stride == 0:
            self._kept.append(factors().item.cpu().numpy().copy())
            if len(self._kept) == _MOST_KEPT:
                self._kept, self._stride = self._kept[::2], 2 * self._stride
        self._seen += 1

    def cells(self, factors: AnyFactors) -> Changes:
        """What to write when an item stands where `factors` say: its way there, and blanks between the items, so that it is one block."""
        from solver import principal_components

        if not self._kept:
            return {}
        end = factors.item.cpu().numpy()
        shares = np.linspace(0, 1, self._positions - 1) ** 2     # closer at the start, where the ways are long
        chosen: list[int] = (shares * (len(self._kept) - 1)).round().astype(int).tolist()
        found = principal_components(end, among=self._rated)
        ways = np.stack([(rows - found.mean) @ found.loadings for rows in (*(self._kept[n] for n in chosen), end)])
        values: dict[Cell, Value] = dict.fromkeys(self._area.cells())
        for place, item in enumerate(self._items):
            for n, position in enumerate(ways[:, item]):
                cell = self._area.first.moved(place * (self._positions + 1) + n, 0)
                numbers: list[Value] = [float(number) for number in position]
                values |= {cell: numbers[0], cell.moved(0, 1): numbers[1]}
        return {self._sheet: values}


def trails_of(host: Host, sheet: str, ratings: Ratings) -> Trails | None:
    """The trails of a model sheet's items; None where the workbook has no room for them. Few cells are asked for: to read all of `map`
    in an open workbook takes longer than a small fit."""
    prefix = prefix_of(host, sheet)
    area = area_named(host, trails_name(prefix)) if prefix else None
    listed = area_named(host, block_name(MAP_SHEET, TRAIL_ITEMS))
    if area is None or listed is None:
        return None
    numbers = host.values(*listed)
    items = [int(number) - 1 for number in numbers if isinstance(number, float) and 1 <= number <= ratings.n_items]
    if len(items) < len(numbers) or (area[1].shape[0] + 1) % len(items):     # rows came or went there
        return None
    return Trails(*area, items, np.bincount(ratings.item_index, minlength=ratings.n_items) > 0)
