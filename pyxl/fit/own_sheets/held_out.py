"""Reads the ratings that one of our workbooks holds out, and judges a fit by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pyxl.fit.watcher import Watcher
from pyxl.grid.block_names import HELD
from pyxl.grid.sheet_names import area_named
from pyxl.hosts.host import Host

if TYPE_CHECKING:
    from pyxl.detect.verified_model import VerifiedModel
    from solver import Epoch, Ratings
    from solver.model.net import AnyFactors


def held_out(host: Host, ready: VerifiedModel) -> Ratings | None:
    """Those listed on the sheet `check`, whose users and items count from 1, but for those that
    somebody has typed into this model sheet since; None where none are held out."""
    from solver import Ratings

    areas = [area for name in HELD if (area := area_named(host, name))]
    if len(areas) < len(HELD):
        return None
    users, items, values = ([row[0] for row in host.grid(sheet).block(area)] for sheet, area in areas)
    here, layout = ready.counted, ready.model.layout
    rated = set(zip(here.user_index.tolist(), here.item_index.tolist()))
    held = [(int(user) - 1, int(item) - 1, value) for user, item, value in zip(users, items, values)
            if isinstance(user, float) and isinstance(item, float) and isinstance(value, float)
            and 1 <= user <= layout.user_factors.shape[0] and 1 <= item <= layout.item_factors.shape[0]
            and (int(user) - 1, int(item) - 1) not in rated]
    if not held:
        return None
    user_index, item_index, observed = map(np.array, zip(*held))
    return Ratings(here.users, here.items, user_index, item_index, observed)


class HeldOutJudge(Watcher):
    """Tells another watcher of every epoch with its RMSE on the ratings held out, where there are any. The fit knows nothing of it."""

    def __init__(self, watcher: Watcher, held: Ratings | None, bounds: tuple[float, float] | None):
        self._watcher, self._held, self._bounds = watcher, held, bounds
        self._factors: Callable[[], AnyFactors] | None = None
        self._found: dict[int, float] = {}

    def look(self, factors: Callable[[], AnyFactors]) -> None:
        self._factors = factors
        self._watcher.look(factors)

    def on_epoch(self, epoch: Epoch) -> bool | None:
        from solver import rmse

        if self._held is not None and self._factors is not None:
            self._found[epoch.epoch] = rmse(self._factors(), self._held, bounds=self._bounds)
        return self._watcher.on_epoch(self.judged([epoch])[0])

    def judged(self, history: Sequence[Epoch]) -> tuple[Epoch, ...]:
        """The epochs with what was found of them."""
        return tuple(replace(epoch, holdout_rmse=self._found.get(epoch.epoch, epoch.holdout_rmse)) for epoch in history)
