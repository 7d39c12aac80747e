"""Shows how a training goes: a line for each epoch, and a progress bar on a terminal."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say
from solver.fitting.effort import BIASES_ALONE

if TYPE_CHECKING:
    from rich.progress import Progress

    from solver import Epoch, FitResult, Ratings, Settings
    from solver.collab.preparation import Prepared

_WAIT = 0.1     # seconds between two looks of the bar


@dataclass(frozen=True)
class TrainReport:
    """What biases alone reach, of the hold-out where there is one, and how many epochs there may be. Pairs that happened
    have no such baseline: all their values are 1."""

    baseline: float | None
    held_out: bool
    most_epochs: int
    in_batches: bool

    @classmethod
    def of(cls, learnt: Ratings, held: Ratings | None, settings: Settings, *, clip: tuple[float, float]) -> TrainReport:
        """Fits the baseline to the ratings to learn from, and takes its error on those to judge by."""
        from solver.judging.baselines import baseline_rmse

        return cls(baseline_rmse(learnt, held, settings, clip=clip), held is not None, settings.most_epochs, settings.batch_size is not None)

    @property
    def judged_by(self) -> str:
        return "holdout" if self.held_out else "training"

    def head(self) -> list[str]:
        """The first lines of the table of epochs."""
        if self.baseline is None:
            return ["The error is that of telling pairs that happened from those that did not.",
                    "epoch  training RMSE  hold-out RMSE  seconds"]
        of = "held-out" if self.held_out else "same"
        return [f"Biases alone predict the {of} ratings with RMSE {self.baseline:.4f} (the baseline).",
                "epoch  training RMSE  hold-out RMSE  baseline  seconds"]

    def line(self, epoch: Epoch) -> str:
        """An epoch's line of the table."""
        held = "" if epoch.holdout_rmse is None else f"{epoch.holdout_rmse:.4f}"
        baseline = "" if self.baseline is None else f"  {self.baseline:>8.4f}"
        return f"{epoch.epoch:>5}  {epoch.rmse:>13.4f}  {held:>13}{baseline}  {epoch.seconds:>7.1f}"

    def verdict(self, result: FitResult) -> str:
        """How the model compares."""
        reached = result.rmse_after if result.holdout_rmse is None else result.holdout_rmse
        which = "Hold-out" if self.held_out else "Training"
        if self.baseline is None:
            return f"{which} RMSE {reached:.4f}."
        change = 100 * (reached / self.baseline - 1) if self.baseline else 0.0
        than = f"{abs(change):.1f} % {'below' if change < 0 else 'above'} the baseline"
        return f"{which} RMSE {reached:.4f}, {than}."

    def method(self, result: FitResult) -> str:
        """What was fitted, how and where."""
        settings = result.settings
        if result.stop == BIASES_ALONE:
            return "biases alone"
        size = settings.batch_size
        seen = "all ratings at once" if size is None else "a rating at a time" if size == 1 else f"batches of {size:,}"
        width = f", {settings.n_factors} factors" if settings.model != "net" else ""
        return f"{settings.model}{width}, {settings.optimizer}, {seen}, on {result.device}"


class Teller:
    """Tells how a fit goes, by the hooks `on_start`, `on_epoch` and `on_batch`. Left as a context, its bar is gone.

    `report` is there from the start of the fit on. A bar is shown on a terminal only, and where it is `wanted`.
    """

    report: TrainReport

    def __init__(self, say: Say, *, wanted: bool):
        self._say = say
        self._bar: Progress | None = None
        self._wanted = wanted and sys.stderr.isatty()

    def __enter__(self) -> Teller:
        return self

    def __exit__(self, *_) -> None:
        if self._bar:
            self._bar.stop()

    def on_start(self, problem: Prepared) -> None:
        """The baseline and the head of the table; the bar begins."""
        self.report = TrainReport.of(problem.learnt, problem.held, problem.settings, clip=problem.rating_range)
        for line in self.report.head():
            self._say(line)
        if self._wanted:
            self._bar = _bar(in_batches=self.report.in_batches)
            self._task = self._bar.add_task("", total=self.report.most_epochs, epoch=1, share=0.0)
            self._looked, self._over = 0.0, 0
            self._bar.start()

    def on_epoch(self, epoch: Epoch) -> None:
        """A line of the table."""
        self._say(self.report.line(epoch))
        if self._bar:
            self._over = epoch.epoch
            self._bar.update(self._task, completed=self._over, epoch=min(self._over + 1, self.report.most_epochs), share=0.0)

    def on_batch(self, done: int, of: int) -> None:
        """The bar moves within an epoch."""
        if self._bar and (now := time.monotonic()) - self._looked >= _WAIT:
            self._looked = now
            self._bar.update(self._task, completed=self._over + done / of, epoch=self._over + 1, share=100 * done / of)


def _bar(*, in_batches: bool):
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    share = [TextColumn("{task.fields[share]:.0f} % of it")] if in_batches else []
    columns = (TextColumn("epoch {task.fields[epoch]} of {task.total:.0f}"), BarColumn(bar_width=30), *share,
               TimeElapsedColumn(), TextColumn("gone,"), TimeRemainingColumn(), TextColumn("left"))
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty())
