"""What a job does, in its own process: a function for each kind. It gets the paths of files, and tells its progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyxl.base.plain_output import json_ready
from solver.core.options import Given
from solver.errors import UserError

from . import cell_jobs, model_jobs, newcomer_jobs
from .asked_options import checked_options, yes_or_no
from .sheet_view import workbook_view

if TYPE_CHECKING:
    from pyxl.fit.fittable_sheets import Fittable
    from pyxl.fit.watcher import Watcher
    from solver import Epoch, Step

TOLD_EVERY = 0.05       # seconds between two things that a job tells
FILMS_ASKED, FILMS_SHOWN = 12, 10
_ROWS_MOVING, _COLUMNS_MOVING = 150, 60     # of a sheet whose numbers are told while it is fitted
_EPOCHS = 5             # of a training that are run unless somebody says otherwise
_SIZE = 15              # users and items of a workbook that is built from ratings


@dataclass
class Work:
    """What a job works with: the file it reads (None: none), the file it may write, what was asked, whom it tells, and whether it was
    asked to stop."""

    source: Path | None
    target: Path
    asked: Mapping[str, Any]
    tell: Callable[[list[dict[str, Any]]], None]
    stop_asked: Callable[[], bool]
    _untold: list[dict[str, Any]] = field(default_factory=list)
    _told_at: float = 0.0

    def on_epoch(self, sheet: str, seen: Epoch | Step) -> bool:
        """Tells of an epoch or a step. A true value ends the fit."""
        self.add(_told(sheet, seen))
        return self.stop_asked()

    def add(self, told: dict[str, Any]) -> None:
        """Tells it with what else there is to tell, a few times a second."""
        self._untold.append(told)
        if time.monotonic() - self._told_at >= TOLD_EVERY:
            self.tell_rest()

    def tell_rest(self) -> None:
        if self._untold:
            self.tell(self._untold)
        self._untold, self._told_at = [], time.monotonic()


def _inspect(work: Work) -> dict[str, Any]:
    """What is on each sheet of a workbook. Asked: ``show``, to have its cells, too."""
    return workbook_view(_given(work), cells=_shows(work))


def _fit(work: Work) -> dict[str, Any]:
    """Fit the sheets named, or all recognised ones, and write a new workbook. Asked: ``sheets``, ``options``, ``view``, the sheet of
    which it tells what the cells hold meanwhile, ``show`` and ``parameters``, to have what the sheets hold afterwards, and the numbers that changed."""
    from pyxl.fit.fit_messages import before_and_after, result_object
    from pyxl.fit.press_fit import fit_workbook
    from pyxl.fit.watcher import OnlyEpochs
    from pyxl.xlsx import open_workbook

    from .live_sheet import LiveSheet, parameters_written

    source, written, parameters = _given(work), {}, yes_or_no(work.asked, "parameters")
    _shows(work)    # refused before the fit
    with open_workbook(source) as shown:
        def watch(ready: Fittable) -> Watcher:
            written[ready.sheet] = ready.blocks
            if ready.sheet != work.asked.get("view"):
                return OnlyEpochs(ready.sheet, work.on_epoch)
            return LiveSheet(ready, shown, work.on_epoch, lambda cells: work.add({"sheet": ready.sheet, "cells": cells}),
                             rows=_ROWS_MOVING, columns=_COLUMNS_MOVING)

        results = fit_workbook(source, out=work.target, sheets=work.asked.get("sheets"), options=checked_options(work.asked.get("options", {}), Given.FIT), watch=watch)
    work.tell_rest()
    found = {name: result_object(result) | {"told": before_and_after(result)} for name, result in results.items()}
    changed = {"parameters": parameters_written(source, work.target, {name: written[name] for name in results})} if parameters else {}
    return json_ready({"results": found} | changed) | _after(work)


def _epochs(work: Work) -> dict[str, Any]:
    """Run epochs of sheets that train a row after another, as in the lesson on gradient descent, and write a new workbook. Asked: ``sheets``,
    ``epochs``, ``reset``."""
    from pyxl.training.run_epochs import run_training

    epochs, reset = work.asked.get("epochs", _EPOCHS), work.asked.get("reset", False)
    if not isinstance(epochs, int) or isinstance(epochs, bool) or not isinstance(reset, bool):
        raise UserError("epochs is a whole number, and reset is true or false.")

    def on_epoch(sheet: str, number: int, error: float) -> bool:
        work.add(json_ready({"sheet": sheet, "epoch": number, "rmse": error, "held_out": None}))
        return work.stop_asked()

    errors = run_training(_given(work), epochs=epochs, reset=reset, sheets=work.asked.get("sheets"), out=work.target, on_epoch=on_epoch)
    work.tell_rest()
    return json_ready({"errors": errors}) | _after(work)


def _restore(work: Work) -> dict[str, Any]:
    """Put back the parameters of before the last fit, in a new workbook. Asked: ``sheets``."""
    from pyxl.fit.restore import restore_workbook

    restored = restore_workbook(_given(work), out=work.target, sheets=work.asked.get("sheets"))
    return {"restored": restored} | _after(work)


def _new(work: Work) -> dict[str, Any]:
    """Build a workbook from a table of ratings."""
    from solver import read_ratings
    from workbook import build

    everything, notes = read_ratings(_given(work))
    build(everything.top(users=_SIZE, items=_SIZE), work.target, holdout=0.1)
    return {"notes": notes} | _after(work)


def _demo(work: Work) -> dict[str, Any]:
    """Build the example workbook."""
    from workbook import build, example, with_names

    ratings, titles = example()
    build(with_names(ratings.top(users=_SIZE, items=_SIZE)), work.target, titles=titles, holdout=0.1)
    return _after(work)


def _films(work: Work) -> dict[str, Any]:
    """The films of the example that most people rated, to be rated by somebody new."""
    from workbook import example

    ratings, titles = example()
    asked = ratings.top(users=ratings.n_users, items=FILMS_ASKED)
    return {"films": [{"item": item, "title": titles[int(str(item))]} for item in asked.items]}


def _rate_films(work: Work) -> dict[str, Any]:
    """The films that somebody new will like most, and the ratings that they will give. Asked: ``ratings``, {item: rating}."""
    from solver import CollabFilter
    from workbook import example

    given = work.asked.get("ratings")
    if not isinstance(given, dict) or not given:
        raise UserError("Rate at least one film: ratings is an object of film numbers and ratings.")
    ratings, titles = example()
    try:
        asked = {int(item): float(rating) for item, rating in given.items()}
    except (TypeError, ValueError):
        raise UserError("A rating is a number for the number of a film.") from None
    best = CollabFilter(effort="quick", n_factors=5).fit(ratings).fold_in(asked).recommend(FILMS_SHOWN)
    return json_ready({"films": [{"item": item, "title": titles[int(item)], "prediction": float(prediction)}
                                 for item, prediction in zip(best["item"], best["prediction"])]})


def _train(work: Work) -> dict[str, Any]:
    """Learn from a table of ratings; its epochs are told as those of a sheet called ``ratings``, and before them what is learnt from."""
    def on_epoch(epoch: Epoch) -> bool:
        work.add(_told("ratings", epoch) | {"seconds": epoch.seconds})
        return work.stop_asked()

    found = model_jobs.train_model(_given(work), work.target, work.asked, on_epoch, lambda start: work.add({"start": start}))
    work.tell_rest()
    return found


def _export(work: Work) -> dict[str, Any]:
    """Make a workbook from a model."""
    return {"notes": newcomer_jobs.export_model(_given(work), work.target, size=_SIZE)} | _after(work)


@dataclass(frozen=True)
class JobKind:
    """A kind of job: what does it, whether it reads a book, and the ending of the book that it writes (``same``: that of the one read)."""

    run: Callable[[Work], dict[str, Any]]
    reads: bool
    writes: str | None
    scope: str = "fit"


JOB_KINDS: dict[str, JobKind] = {
    "inspect": JobKind(_inspect, reads=True, writes=None, scope="read"),
    "fit": JobKind(_fit, reads=True, writes="same"),
    "epochs": JobKind(_epochs, reads=True, writes="same"),
    "restore": JobKind(_restore, reads=True, writes="same"),
    "new": JobKind(_new, reads=True, writes=".xlsx"),
    "demo": JobKind(_demo, reads=False, writes=".xlsx"),
    "films": JobKind(_films, reads=False, writes=None, scope="read"),
    "rate_films": JobKind(_rate_films, reads=False, writes=None, scope="read"),
    "train": JobKind(_train, reads=True, writes=model_jobs.MODEL_ENDING),
    "model": JobKind(lambda work: model_jobs.who_is_known(_given(work)), reads=True, writes=None, scope="read"),
    "recommend": JobKind(lambda work: model_jobs.recommend_by_model(_given(work), work.asked), reads=True, writes=None, scope="read"),
    "similar": JobKind(lambda work: model_jobs.similar_by_model(_given(work), work.asked), reads=True, writes=None, scope="read"),
    "export": JobKind(_export, reads=True, writes=".xlsx"),
    "to_rate": JobKind(lambda work: newcomer_jobs.items_to_rate(_given(work)), reads=True, writes=None, scope="read"),
    "rate": JobKind(lambda work: newcomer_jobs.recommend_to_new(_given(work), work.asked), reads=True, writes=None, scope="read"),
    "cells": JobKind(lambda work: cell_jobs.cell_values(work.asked), reads=False, writes=None, scope="read"),
    "predict": JobKind(lambda work: model_jobs.predict_by_model(_given(work), work.asked), reads=True, writes=None, scope="read"),
}


def _given(work: Work) -> Path:
    if work.source is None:
        raise UserError("This needs a file. Upload one first.")
    return work.source


def _shows(work: Work) -> bool:
    return yes_or_no(work.asked, "show")


def _after(work: Work) -> dict[str, Any]:
    """The sheets of the workbook that was written, as a page shows them, where somebody asked to see them."""
    return workbook_view(work.target, cells=True) if _shows(work) else {}


def _told(sheet: str, seen: Epoch | Step) -> dict[str, Any]:
    from solver import Epoch

    if isinstance(seen, Epoch):
        return json_ready({"sheet": sheet, "epoch": seen.epoch, "rmse": seen.rmse, "held_out": seen.holdout_rmse})
    return json_ready({"sheet": sheet, "step": seen.number, "objective": seen.value})
