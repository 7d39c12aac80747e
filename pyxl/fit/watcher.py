"""What hears how a fit goes: a panel of an open workbook, or a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from solver import Epoch, Step
    from solver.model.net import AnyFactors

    from .own_sheets.trails import Trails


class Watcher:
    """Hears how the fit of a sheet goes. This one does nothing; others override what they need. `trails` are those that the fit keeps,
    where the workbook shows them."""

    trails: Trails | None = None

    def look(self, factors: Callable[[], AnyFactors]) -> None:
        """Called before `on_epoch`; `factors` gives the factors of that epoch."""

    def on_epoch(self, epoch: Epoch) -> bool | None:
        """Called after each epoch of `solver.fit`; a true value stops the fit."""

    def on_step(self, step: Step, x: Callable[[], np.ndarray]) -> bool | None:
        """Called after each step of `solver.minimise`, where `x` gives the point; a true value stops it."""


@dataclass
class OnlyEpochs(Watcher):
    """Passes epochs and steps on, with the sheet's name."""

    sheet: str
    on_each: Callable[[str, Epoch | Step], bool | None] | None

    def on_epoch(self, epoch: Epoch) -> bool | None:
        return self.on_each(self.sheet, epoch) if self.on_each else None

    def on_step(self, step: Step, x: Callable[[], np.ndarray]) -> bool | None:
        return self.on_each(self.sheet, step) if self.on_each else None
