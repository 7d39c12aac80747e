"""A CollabFilter from a fit of a store: labels, factors and ratings put together in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from solver.core.objective import rmse
from solver.core.optimizers import OPTIMIZERS
from solver.core.settings import Settings
from solver.data.rated import RatedItems
from solver.data.ratings import Ratings
from solver.distributed.chained.kept_draws import bytes_of_draws
from solver.distributed.fit_store import StoreFit
from solver.errors import UserError
from solver.fitting.fit_result import FitResult
from solver.model.factors import Factors
from solver.model.posterior import point_factors
from solver.store.rating_store import RatingStore
from solver.store.read_ahead import held_out_part
from solver.threads import one_thread

from .arrivals.set_vectors import sets_of_newcomers
from .collab_filter import CollabFilter

_OF_RATING, _OF_LABEL, _OF_NUMBER = 40, 250, 16     # bytes at most while a model is put together and written


def memory_of_model(store: RatingStore, settings: Settings) -> int:
    """Bytes that it takes to make a model of a fit of a store and to save it, about."""
    rows = store.n_users + store.n_items
    draws = 2 * bytes_of_draws(store, settings) if settings.optimizer == "gibbs" else 0
    return store.n_ratings * _OF_RATING + rows * (_OF_LABEL + settings.n_factors * _OF_NUMBER) + draws


def refuse_too_large(store: RatingStore, settings: Settings) -> None:
    """Raise UserError where a model of this store does not fit into the memory that is free, as far as the system tells that."""
    try:
        free = next(int(line.split()[1]) * 1024 for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return
    if (needed := memory_of_model(store, settings)) > free:
        raise UserError(f"A model folder of {store.n_ratings:,} ratings, {store.n_users + store.n_items:,} users and items and {settings.n_factors} "
                        f"factors takes about {needed / 2**30:.1f} GiB of memory to make, and {free / 2**30:.1f} are free. Say --rows-only to "
                        "leave the factors in files, a block of users or items each.")


def model_of_fit(fit: StoreFit, *, effort: str, notes: tuple[str, ...] = ()) -> CollabFilter:
    """The model of a fit of a store after its last pass, as if the ratings had been in memory."""
    store, settings, task = fit.store, fit.task.settings, fit.task
    held = [held_out_part(task.holdout)(int(n)) for n in store.counts.flat]
    learnt = store.n_ratings - sum(part.stop - part.start for part in held)
    last, draws = fit.history[-1], fit.draws()
    rated, counts = _rated(fit)
    result = FitResult(draws[-1], settings, learnt, fit.history[0].rmse, last.rmse, fit.history, last.seconds,
                       f"Finished all {last.epoch} passes.", converged=False, holdout_rmse=last.holdout_rmse)
    if OPTIMIZERS[settings.optimizer].samples:
        result = _averaged(result, draws, fit, rated)
    model = CollabFilter(settings.n_factors, effort=effort, random_state=settings.seed, holdout=task.holdout)
    model._set_fitted(tuple(store.labels("users")), tuple(store.labels("items")), result, task.clip, rated, *counts, store.spread,
                      (*store.about["notes"], *notes), (), {}, learnt, sets_of_newcomers(result.factors, _learnt(fit, rated)[0], settings))
    return model


def _averaged(result: FitResult, draws: tuple[Factors, ...], fit: StoreFit, rated: RatedItems) -> FitResult:
    """The result with the draws, and with the one set of factors that comes nearest to their mean, judged as `solver.fit` does."""
    with one_thread():      # whatever the process that puts it together has
        factors = point_factors(draws)
    learnt, held = _learnt(fit, rated)
    return replace(result, factors=factors, samples=draws, noise=fit.noise, rmse_after=rmse(factors, learnt),
                   holdout_rmse=None if held is None else rmse(factors, held, clip=fit.task.clip))


def _learnt(fit: StoreFit, rated: RatedItems) -> tuple[Ratings, Ratings | None]:
    """(the ratings learnt from, those held out), of rows instead of labels."""
    every = rated.ratings(tuple(range(fit.store.n_users)), tuple(range(fit.store.n_items)))
    return (every, None) if rated.held_out is None else (every.take(~rated.held_out), every.take(rated.held_out))


def _rated(fit: StoreFit) -> tuple[RatedItems, tuple[np.ndarray, np.ndarray]]:
    """(the ratings in the order of the labels, how many of each user and of each item were learnt from)"""
    store, part = fit.store, held_out_part(fit.task.holdout)
    user_rows, item_rows = (np.asarray(store.rows(side)) for side in ("users", "items"))
    user_of, item_of = _inverse(user_rows), _inverse(item_rows)
    starts = np.append(0, np.cumsum(np.asarray(store.user_counts)[user_rows]))
    items, values = np.empty(store.n_ratings, np.int32), np.empty(store.n_ratings, np.float32)
    held_out = np.zeros(store.n_ratings, bool)
    for u in range(store.blocks):
        columns: tuple[list[np.ndarray], ...] = ([], [], [], [])
        for i in range(store.blocks):
            users, rated, given = store.block(u, i)
            held = np.zeros(len(given), bool)
            held[part(len(given))] = True
            for pieces, piece in zip(columns, (user_of[users + store.layout.user_starts[u]], item_of[rated + store.layout.item_starts[i]],
                                               given, held)):
                pieces.append(piece)
        owner, rated, given, held = map(np.concatenate, columns)
        order = np.lexsort((rated, owner))
        owner = owner[order]
        first = np.append(True, owner[1:] != owner[:-1])
        within = np.arange(len(owner)) - np.flatnonzero(first)[np.cumsum(first) - 1] if len(owner) else owner
        places = starts[owner] + within
        items[places], values[places], held_out[places] = rated[order], given[order], held[order]
    learnt = np.repeat(np.arange(store.n_users), np.diff(starts))[~held_out]
    counts = np.bincount(learnt, minlength=store.n_users), np.bincount(items[~held_out], minlength=store.n_items)
    return RatedItems(starts, items, values, held_out if held_out.any() else None), counts


def _inverse(rows: np.ndarray) -> np.ndarray:
    """(n,) the label at each row."""
    labels = np.empty(len(rows), np.int64)
    labels[rows] = np.arange(len(rows))
    return labels
