"""How a training goes, told to a person: a line an epoch, and on a terminal a bar that tells the truth."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solver.optimizers import OPTIMIZERS

from .cli import Say

if TYPE_CHECKING:
    from solver import Epoch, FitResult, Ratings, Settings

_WAIT = 0.1     # seconds between two looks of the bar


@dataclass(frozen=True)
class Report:
    """What biases alone reach, of the hold-out where there is one, and how many epochs there may be."""

    baseline: float
    held_out: bool
    most_epochs: int
    n_ratings: int
    in_batches: bool

    @classmethod
    def of(cls, learnt: Ratings, held: Ratings | None, settings: Settings, *, clip: tuple[float, float]) -> Report:
        """Fits the baseline to the ratings to learn from, and takes its error on those to judge by."""
        from solver import rmse
        from solver.baselines import bias_only

        method = OPTIMIZERS[settings.optimizer]
        epochs = settings.epochs or (method.epochs if settings.batch_size is None else method.batch_epochs)
        return cls(rmse(bias_only(learnt), held or learnt, clip=clip), held is not None, epochs, len(learnt),
                   settings.batch_size is not None)

    @property
    def judged_by(self) -> str:
        return "holdout" if self.held_out else "training"

    def head(self) -> list[str]:
        """The first lines of the table of epochs."""
        of = "held-out" if self.held_out else "same"
        return [f"Biases alone predict the {of} ratings with RMSE {self.baseline:.4f} (the baseline).",
                "epoch  training RMSE  hold-out RMSE  baseline  seconds"]

    def line(self, epoch: Epoch) -> str:
        """An epoch's line of the table."""
        held = "" if epoch.holdout_rmse is None else f"{epoch.holdout_rmse:.4f}"
        return f"{epoch.epoch:>5}  {epoch.rmse:>13.4f}  {held:>13}  {self.baseline:>8.4f}  {epoch.seconds:>7.1f}"

    def verdict(self, result: FitResult) -> str:
        """How the model compares."""
        reached = result.rmse_after if result.holdout_rmse is None else result.holdout_rmse
        change = 100 * (reached / self.baseline - 1) if self.baseline else 0.0
        than = f"{abs(change):.1f} % {'below' if change < 0 else 'above'} the baseline"
        which = "Hold-out" if self.held_out else "Training"
        return f"{which} RMSE {reached:.4f}, {than}."

    def method(self, settings: Settings) -> str:
        """What was fitted, how and where."""
        size = settings.batch_size
        seen = "all ratings at once" if size is None else "a rating at a time" if size == 1 else f"batches of {size:,}"
        width = f", {settings.n_factors} factors" if settings.model != "net" else ""
        return f"{settings.model}{width}, {settings.optimizer}, {seen}, on {self.device(settings)}"

    def device(self, settings: Settings) -> str:
        """Where a fit of this size computes."""
        import torch

        from solver.fitting import SMALL

        if settings.device != "auto":
            return settings.device
        return "cuda" if self.n_ratings >= SMALL and torch.cuda.is_available() else "cpu"

    @contextmanager
    def progress(self, say: Say, *, wanted: bool) -> Iterator[tuple[Callable, Callable | None]]:
        """Gives `on_epoch` and `on_batch` for a fit; on a terminal they move a bar."""
        if not (wanted and sys.stderr.isatty()):
            def told(epoch: Epoch) -> None:
                say(self.line(epoch))
                sys.stdout.flush()  # who watches a pipe or a file sees each epoch when it is over

            yield told, None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        share = [TextColumn("{task.fields[share]:.0f} % of it")] if self.in_batches else []
        columns = (TextColumn("epoch {task.fields[epoch]} of {task.total:.0f}"), BarColumn(bar_width=30), *share,
                   TimeElapsedColumn(), TextColumn("gone,"), TimeRemainingColumn(), TextColumn("left"))
        with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
            task, looked, over = bar.add_task("", total=self.most_epochs, epoch=1, share=0.0), 0.0, 0

            def on_epoch(epoch: Epoch) -> None:
                nonlocal over
                over = epoch.epoch
                say(self.line(epoch))
                bar.update(task, completed=over, epoch=min(over + 1, self.most_epochs), share=0.0)

            def on_batch(done: int, of: int) -> None:
                nonlocal looked
                if (now := time.monotonic()) - looked >= _WAIT:
                    looked = now
                    bar.update(task, completed=over + done / of, epoch=over + 1, share=100 * done / of)

            yield on_epoch, on_batch
