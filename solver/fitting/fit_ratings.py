"""`fit`: ratings, start values and Settings in, a `FitResult` out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, overload

import numpy as np

from solver.core.loop import Descent, Epoch, descend
from solver.core.method_table import ALL_PAIRS_DECAY, DECOUPLED_DECAY, NET_DECAY
from solver.core.optimizers import OPTIMIZERS
from solver.core.pairs.rows import EVERY, Rows
from solver.core.settings import NotHonoured, Settings, refuse_weights
from solver.core.steps import FitTask, Seen
from solver.core.units import FromUnits, in_units, times, unit_of
from solver.data.days import Days, times_of
from solver.data.ratings import Ratings, check_weights
from solver.errors import UserError
from solver.methods.steps_for import by_kernels_alone, cpu_only, one_by_one, steps_for
from solver.model.factors import Factors
from solver.model.models import Bounds
from solver.model.net import AnyFactors, NetFactors, additive
from solver.threads import one_thread, survive_forks

from .fit_result import ByDay, FitResult
from .start_values import check_start, have_vanished, not_below_zero, revived, start_values

if TYPE_CHECKING:   # the fused kernels have fitted before torch would be loaded
    from torch import nn

    from .choose_decay import ChosenDecay
    from .fit_module import ModuleFit

SMALL = 1_000_000        # ratings below which threads and GPUs cost more than they bring


@overload
def fit(ratings: Ratings, start: AnyFactors | None = ..., settings: Settings = ..., *,
        holdout: Ratings | None = ..., clip: Bounds = ...,
        on_epoch: Callable[[Epoch], bool | None] | None = ...,
        on_factors: Callable[[Callable[[], AnyFactors]], None] | None = ...,
        on_batch: Callable[[int, int], None] | None = ...) -> FitResult: ...


@overload
def fit(ratings: Ratings, start: nn.Module, settings: Settings = ..., *, holdout: Ratings | None = ..., clip: Bounds = ...,
        on_epoch: Callable[[Epoch], bool | None] | None = ...,
        on_batch: Callable[[int, int], None] | None = ...) -> ModuleFit: ...


def fit(ratings: Ratings, start: AnyFactors | nn.Module | None = None, settings: Settings = Settings(), *,
        holdout: Ratings | None = None, clip: Bounds = None,
        on_epoch: Callable[[Epoch], bool | None] | None = None,
        on_factors: Callable[[Callable[[], AnyFactors]], None] | None = None,
        on_batch: Callable[[int, int], None] | None = None) -> FitResult | ModuleFit:
    """Minimise the squared error of `ratings`, or what else ``settings.loss`` says, over the factors, from `start`.

    `start` None draws start values by ``settings.seed``. `holdout` ratings, of the same users and
    items, are not learnt from: their RMSE is taken every epoch, and the epoch where it is least is
    kept; `clip` is the range to which their predictions are clipped first. `on_epoch` is called
    with every epoch (full batch, before its step); a true return value stops the fit, and so does
    Ctrl-C: the best factors so far are kept. Before it, `on_factors` is given a function that makes a
    copy of the factors that this epoch's RMSE belongs to. `on_batch(done, of)` tells how far an epoch in batches
    is. Users and items without a rating keep their start values, unless a method that draws from a posterior
    starts by itself: then they are what their like are on average. ``settings.weight_decay`` None is chosen first, by
    cross-validation (`choose_decay`).

    `start` may also be a `torch.nn.Module` of your own that takes users and items, two tensors of whole numbers (n,), or one
    (n, 2), and gives predictions (n,). A copy of it is fitted, and a `ModuleFit` comes back. Raises UserError when there is
    nothing to learn, the start values are not finite, or a patience is given without a hold-out.
    """
    check_ratings(ratings, settings)
    if settings.patience is not None and holdout is None:
        raise NotHonoured("patience", f"patience is {settings.patience}, and no ratings are held out to judge an epoch by. "
                                      "Leave patience out, or hold some ratings out.")
    with _on_few_threads(ratings, start, settings):
        if not (start is None or isinstance(start, (Factors, NetFactors))):
            from .fit_module import fit_module

            device, device_notes = _device(settings, ratings)
            found = fit_module(ratings, start, settings, device=device, holdout=holdout, clip=clip, on_epoch=on_epoch,
                               on_batch=on_batch)
            return replace(found, notes=found.notes + device_notes)
        if settings.model is None:
            settings = replace(settings, model="dot+bias" if start is None else start.model)
        if start is not None and start.model == settings.model != "net":
            settings = replace(settings, n_factors=start.n_factors)     # the net has widths of its own
        if settings.learn_times and start is not None:
            raise NotHonoured("learn_times", "learn_times is true, and a fit by days draws its start itself. Leave out the start values, or learn_times.")
        settings, decay, decay_notes = _decided(settings, ratings)
        rows, drawn = Rows.of(ratings, holdout), start is None
        if start is None:
            start = start_values(ratings, settings)
            if OPTIMIZERS[settings.optimizer].samples:
                rows = Rows(EVERY, EVERY)  # rows without ratings are drawn too, from the common distribution
        if settings.non_negative:
            start = not_below_zero(start)
        notes = decay_notes + check_start(start, ratings, model=settings.known_model)
        if settings.loss == "cross-entropy" and settings.negatives:
            rows = replace(rows, item=EVERY)  # items without ratings are learnt from too: they are drawn as negatives
        if settings.loss == "all-pairs":
            rows = Rows(EVERY, EVERY)   # that nothing happened says something, too
        device, device_notes = _device(settings, ratings)
        began = rows.of_factors(start)
        if vanished := not drawn and have_vanished(began, ratings, bounded=settings.bounds is not None):
            began = revived(began, seed=settings.seed)
            began = not_below_zero(began) if settings.non_negative else began
            notes += (f"The factors had all but vanished, and from there no step leads on: small ones of seed {settings.seed} "
                      "were the start.",)
        problem = FitTask(ratings=rows.of_ratings(ratings), start=began, settings=settings,
                          holdout=holdout and rows.of_ratings(holdout), clip=clip, on_batch=on_batch)

        def on_seen(epoch: Epoch, seen: Seen) -> bool | None:
            if on_factors:
                on_factors(lambda: rows.back(seen.factors(), start))
            return on_epoch(epoch) if on_epoch else None

        try:
            outcome = _descend_on(device, problem, on_seen)
        except RuntimeError as error:
            if not _fills_the_gpu(error):
                raise
            device, device_notes = "cpu", ("The GPU's memory is full; the CPU was used.",)
            outcome = _descend_on(device, problem, on_seen)
        result = FitResult(rows.back(outcome.best, start), settings, len(ratings), outcome.history[0].rmse,
                           outcome.kept.rmse, tuple(outcome.history), outcome.history[-1].seconds,
                           outcome.stop, outcome.converged, outcome.stopped,
                           notes + device_notes, holdout_rmse=outcome.kept.holdout_rmse,
                           samples=tuple(additive(rows.back(sample, start)) for sample in outcome.samples), device=device,
                           decay=decay, noise=outcome.noise)
        if not (vanished or OPTIMIZERS[settings.optimizer].samples):
            return result
        from solver.core.objective import Judge, rmse

        if vanished:
            result = replace(result, rmse_before=rmse(start, ratings, bounds=settings.bounds))
        if not OPTIMIZERS[settings.optimizer].samples:
            return result
        from solver.model.posterior import point_factors

        factors = rows.back(point_factors(outcome.samples), start) if outcome.samples else result.factors
        days = Days.of(ratings) if settings.learn_times else None
        judged = ratings if days is None else days.in_rows(ratings)
        held = holdout if days is None or holdout is None else days.in_rows(holdout)
        # an epoch's RMSE is that of a mean over draws
        result = replace(result, factors=factors, rmse_before=Judge.of(ratings).rmse(start), rmse_after=Judge.of(judged).rmse(factors),
                         holdout_rmse=rmse(factors, held, clip=clip) if held else None)
        if days is None:
            return result
        by_day = ByDay(days, additive(factors), result.samples)
        factors, samples = by_day.latest()
        told = (f"Users are a little different on each of {len(days):,} days. Where no time is given, they are as on their latest one.",)
        return replace(result, factors=factors, samples=samples, by_day=by_day, notes=result.notes + told)


def _on_few_threads(ratings: Ratings, start: object, settings: Settings) -> AbstractContextManager[None]:
    """One thread for what torch computes of few ratings, where it is needed."""
    alone = start is None and settings.device in ("auto", "cpu") and by_kernels_alone(settings) and not settings.note_gradients
    survive_forks()
    return nullcontext() if alone else one_thread(len(ratings) < SMALL)


def _fills_the_gpu(error: RuntimeError) -> bool:
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError)


def _decided(settings: Settings, ratings: Ratings) -> tuple[Settings, ChosenDecay | None, tuple[str, ...]]:
    """The settings with a number as weight decay, how it was chosen where it was, and what to say of that."""
    method = OPTIMIZERS[settings.optimizer]
    if settings.weight_decay is not None:
        return settings, None, ()
    if settings.loss == "all-pairs":
        return (replace(settings, weight_decay=ALL_PAIRS_DECAY), None,
                (f"Cross-validation chooses penalties for explicit ratings: for all pairs {ALL_PAIRS_DECAY:g} was taken.",))
    if method.samples:      # it needs none
        return replace(settings, weight_decay=0.0), None, ()
    if method.decoupled:
        return (replace(settings, weight_decay=DECOUPLED_DECAY), None,
                (f"Cross-validation chooses penalties, and the weight decay of {settings.optimizer} is none: "
                 f"{DECOUPLED_DECAY:g} was taken.",))
    if settings.model == "net":
        return (replace(settings, weight_decay=NET_DECAY), None,
                (f"Cross-validation chooses for sums of factors and biases, and the net is none: weight decay {NET_DECAY:g} was taken.",))
    from .choose_decay import choose_decay

    chosen = choose_decay(ratings, settings)
    return replace(settings, weight_decay=chosen.weight_decay), chosen, (chosen.reason,)


def check_ratings(ratings: Ratings, settings: Settings) -> None:
    """Raises UserError where there is nothing to learn, or where values are not what the loss takes."""
    if len(ratings) < 2:
        raise UserError(f"There is only {len(ratings)} rating; a fit needs 2 or more."
                        if len(ratings) else "There is no rating; a fit needs 2 or more.")
    if not np.isfinite(ratings.values).all():
        raise UserError("A rating is not a finite number. Correct or clear it.")
    if ratings.item_columns is not None and not (OPTIMIZERS[settings.optimizer].samples or one_by_one(settings)):
        raise UserError("Only SGD a rating at a time and gibbs learn with item columns. Leave out model, optimizer, batch_size and "
                        "feedback, and take an effort.")
    if ratings.weights is not None:
        check_weights(ratings.weights)
        refuse_weights(settings)
    if settings.learn_times:
        times_of(ratings)
    if settings.loss == "all-pairs" and (ratings.values != 1).any():
        raise UserError("With all pairs, those that are given happened: their values are 1. Set them so, and say by weights which count for more.")
    if settings.loss == "cross-entropy":
        from solver.core.implicit import check_happened

        check_happened(ratings, negatives=settings.negatives)


def _descend_on(device: str, problem: FitTask, on_seen) -> Descent:
    level = _level(problem)
    start = level.taken_from(problem.start)
    if device == "mps":
        start = start.map(lambda tensor: tensor.float())    # Apple's GPUs lack float64
    unit, bounded = unit_of(problem), problem.settings.bounds is not None

    def in_the_ratings_units(found: AnyFactors) -> AnyFactors:
        return level.given_back_to(times(found, unit, bounded))

    def on_seen_in_units(epoch: Epoch, seen: Seen) -> bool | None:
        return on_seen(epoch, replace(seen, factors=lambda: in_the_ratings_units(seen.factors())))

    steps = steps_for(in_units(replace(problem, device=device, start=start), unit))
    steps = steps if unit == 1.0 else FromUnits(steps, unit)
    if problem.settings.note_gradients:
        from .noting_gradients import NotingGradients

        steps = NotingGradients(steps, replace(problem, device=device, start=start), in_the_ratings_units)
    outcome = descend(steps, problem.settings, on_seen_in_units)
    outcome.best = in_the_ratings_units(outcome.best)
    return outcome


@dataclass(frozen=True)
class _Level:
    """The mean biases (`objective`) that stand in the offset during a fit in batches, whose decay pulls biases to 0."""

    user: float = 0.0
    item: float = 0.0

    def taken_from(self, factors: AnyFactors) -> AnyFactors:
        return self._moved(factors, -1)

    def given_back_to(self, factors: AnyFactors) -> AnyFactors:
        return self._moved(factors, 1)

    def _moved(self, factors: AnyFactors, sign: int) -> AnyFactors:
        if not (self.user or self.item) or not isinstance(factors, Factors) or factors.biases is None:
            return factors
        user, item = factors.biases
        return replace(factors, user_bias=user + sign * self.user, item_bias=item + sign * self.item,
                       offset=factors.offset - sign * (self.user + self.item))


def _level(problem: FitTask) -> _Level:
    start, settings = problem.start, problem.settings
    if settings.batch_size is None or not settings.weight_decay:
        return _Level()
    if not isinstance(start, Factors) or start.offset or start.biases is None:
        return _Level()
    import torch

    of_users, of_items = start.biases
    users, items = (torch.as_tensor(index) for index in (problem.ratings.user_index, problem.ratings.item_index))
    return _Level(float(of_users[users].mean()), float(of_items[items].mean()))


def _device(settings: Settings, ratings: Ratings) -> tuple[str, tuple[str, ...]]:
    """The device to compute on, and a note where it is not the one asked for."""
    asked = settings.device
    if asked == "cpu" or (asked == "auto" and len(ratings) < SMALL):
        return "cpu", ()
    import torch

    device = {"auto": "cuda"}.get(asked, asked)
    there = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
    why_not = cpu_only(settings, device, ratings) if there else f"No {device} device was found; the CPU is used."
    if why_not:
        return "cpu", () if asked == "auto" else (why_not,)
    return device, ("Apple's GPU computes in float32: RMSE is exact to about 6 digits.",) if device == "mps" else ()
