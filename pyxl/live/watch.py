"""What happens on the sheet while a fit runs: progress is shown, the stop cell is heard."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyxl.detect.verified_model import VerifiedModel
from pyxl.fit.fit_messages import on_the_way
from pyxl.fit.own_sheets.history import history_area
from pyxl.fit.watcher import Watcher
from pyxl.grid.parameters import parameter_cells
from pyxl.hosts.live_host import LiveHost
from pyxl.problems.pose import Posed
from pyxl.problems.solve import changed_cells

from .panel import Panel

if TYPE_CHECKING:
    import numpy as np

    from solver import Epoch, Step
    from solver.model.net import AnyFactors

LISTEN, SHOW = 0.2, 0.3                 # seconds between two looks at the stop cell, and between two updates, at least
LISTEN_SHARE, SHOW_SHARE = 0.2, 0.06    # of the time that they may take; a look takes 3 ms, 0.015 of it, in LibreOffice


class Watch(Watcher):
    """`solver.fit` calls `look` and `on_epoch` on every epoch; a true value of the latter stops the fit.

    A few times a second the parameters, the history and the status are written, so that one sees the
    sheet learn: its own formulas and its chart follow. Where that takes long it is done less often, so that both
    together take no more than a tenth of the time.
    """

    def __init__(self, host: LiveHost, ready: VerifiedModel, panel: Panel):
        self._host, self._ready, self._panel = host, ready, panel
        self._epochs: list[Epoch] = []
        self._history = history_area(host, ready.model.layout.sheet)
        self._factors: Callable[[], AnyFactors] | None = None
        self._listen, self._show = _Pace(LISTEN, LISTEN_SHARE), _Pace(SHOW, SHOW_SHARE)

    def look(self, factors: Callable[[], AnyFactors]) -> None:
        """Told before `on_epoch` how to get the factors of the epoch."""
        self._factors = factors

    def on_epoch(self, epoch: Epoch) -> bool:
        if not self._epochs:
            self._show.begin()      # what was found out before, such as the weight decay, shows nothing
        self._epochs.append(epoch)
        if self._listen.due() and self._listen.timed(self._panel.stop_asked):
            return True
        if self._show.due():
            self._show.timed(lambda: self._update(epoch, self._factors))
        return False

    def _update(self, epoch: Epoch, factors: Callable[[], AnyFactors] | None) -> None:
        layout = self._ready.model.layout
        if factors:
            now = factors()
            self._host.write({layout.sheet: parameter_cells(layout, now)})
            if self.trails:
                self._host.write(self.trails.cells(now))
        if self._history:
            self._host.write({self._history.sheet: self._history.of(self._epochs)})
        self._panel.say(f"Fitting: epoch {epoch.epoch:,}, RMSE {epoch.rmse:.6f}, {epoch.seconds:.1f} s"
                        + time_left(self._epochs, self._ready.settings.most_epochs))


def time_left(epochs: Sequence[Epoch], most: int) -> str:
    """``, at most 12 s more``, by the pace of the later half of the epochs so far; nothing where that is
    unknown. A fit that converges, or is stopped, ends before."""
    last, middle = epochs[-1], epochs[(len(epochs) - 1) // 2]
    if last.epoch == middle.epoch:
        return ""
    seconds = (last.seconds - middle.seconds) / (last.epoch - middle.epoch) * (most - last.epoch)
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f", at most {math.ceil(seconds / length):,} {unit} more"
    return f", at most {math.ceil(seconds)} s more"


class ProblemWatch(Watcher):
    """The same for `solver.minimise`, which calls `on_step`."""

    def __init__(self, host: LiveHost, posed: Posed, panel: Panel):
        self._host, self._posed, self._panel = host, posed, panel
        self._listen, self._show = _Pace(LISTEN, LISTEN_SHARE), _Pace(SHOW, SHOW_SHARE)

    def on_step(self, step: Step, x: Callable[[], np.ndarray]) -> bool:
        if self._listen.due() and self._listen.timed(self._panel.stop_asked):
            return True
        if self._show.due():
            self._show.timed(lambda: self._update(step, x()))
        return False

    def _update(self, step: Step, x: np.ndarray) -> None:
        self._host.write(changed_cells(self._posed, lambda sheet: self._host.grid(sheet).values, x))
        self._panel.say(f"Fitting: {on_the_way(step)}, {step.seconds:.1f} s")


class _Pace:
    """When something may be done again: after a pause, and so that it takes no more than its share
    of the time. It is taken to cost the least of its last three times: once may be a hiccup."""

    def __init__(self, pause: float, share: float):
        self._pause, self._share, self._ended = pause, share, time.perf_counter()
        self._costs: deque[float] = deque([0.0], maxlen=3)

    def begin(self) -> None:
        """Count the first pause from now on."""
        self._ended = time.perf_counter()

    def due(self) -> bool:
        pause = max(self._pause, min(self._costs) * (1 / self._share - 1))
        return time.perf_counter() >= self._ended + pause

    def timed(self, action):
        began = time.perf_counter()
        try:
            return action()
        finally:
            self._ended = time.perf_counter()
            self._costs.append(self._ended - began)
