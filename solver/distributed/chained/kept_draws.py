"""The draws of Gibbs sampling on a store that predictions are averaged over: which are kept, and how they are read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from solver.core.settings import Settings
from solver.distributed.pass_files import draws_folder, pass_folder, read_rows
from solver.distributed.start_rows import one_side, start_offset
from solver.methods.gibbs import MOST_MEMORY, KeptSweeps, Units
from solver.model.factors import Factors
from solver.model.models import MODELS
from solver.store.rating_store import RatingStore

LEAST_SWEEPS = 8        # of which draws are kept on disk, where memory would hold fewer
OTHER_DRAW = "-other"        # after the name of a side: the draw as far on the other side of the mean
CHAIN = "chain"         # what the chain has besides rows, in one block: Σ e², the noise, precisions


def units_of(store: RatingStore, settings: Settings) -> Units:
    """The units of the chain."""
    biases = MODELS[settings.known_model].biases
    return Units(store.mean if biases else 0.0, store.spread, start_offset(settings, store.mean), biases)


def last_side(store: RatingStore) -> str:
    """The side with more rows, which a sweep draws last, and of which two draws are kept."""
    return "users" if store.n_users > store.n_items else "items"


def kept_sweeps(store: RatingStore, settings: Settings) -> KeptSweeps:
    """The sweeps whose draws are kept: as many as in memory, or `LEAST_SWEEPS` where these are more."""
    size = _bytes_of_sweep(store, settings)
    return KeptSweeps.of(settings.most_epochs, size=size, most=max(MOST_MEMORY, LEAST_SWEEPS * size))


def bytes_of_draws(store: RatingStore, settings: Settings) -> int:
    """Bytes of all draws that are kept."""
    return len(kept_sweeps(store, settings).up_to(settings.most_epochs)) * _bytes_of_sweep(store, settings)


def _bytes_of_sweep(store: RatingStore, settings: Settings) -> int:
    """Bytes of the draws of one sweep: one of the side with fewer rows, two of the other."""
    few, many = sorted((store.n_users, store.n_items))
    return (few + 2 * many) * (settings.n_factors + MODELS[settings.known_model].biases) * np.dtype(settings.dtype).itemsize


def draws_of_block(folder: Path, store: RatingStore, settings: Settings, passes: int, side: str, block: int) -> tuple[Factors, ...]:
    """The factors of a block of one side by every draw of so many passes, two of each kept sweep. Where no sweep is kept yet, they
    are those of the last pass. The other side has no rows."""
    sweeps = kept_sweeps(store, settings).up_to(passes)
    if not sweeps:
        return (_unpacked(read_rows(pass_folder(folder, passes), side, block), side, store, settings),)
    found: list[Factors] = []
    for sweep in sweeps:
        one = _unpacked(read_rows(draws_folder(folder, sweep), side, block), side, store, settings)
        two = one if side != last_side(store) else _unpacked(read_rows(draws_folder(folder, sweep), side + OTHER_DRAW, block), side, store, settings)
        found += [one, two]
    return tuple(found)


def noise_of(folder: Path, passes: int) -> float:
    """The standard deviation of a rating around the mean of the draws."""
    return float(read_rows(pass_folder(folder, passes), CHAIN, 0)[1]) ** 0.5


def _unpacked(rows: np.ndarray, side: str, store: RatingStore, settings: Settings) -> Factors:
    units, tensor = units_of(store, settings), torch.from_numpy(rows)
    none = tensor[:0]
    factors = units.factors(tensor, none) if side == "users" else units.factors(none, tensor)
    bias = factors.user_bias if side == "users" else factors.item_bias
    return one_side(side, factors.user if side == "users" else factors.item, units.offset, biases=units.biases, bias=bias)
