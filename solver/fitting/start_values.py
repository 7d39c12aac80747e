"""Start values of a fit: random ones, drawn with a seed, and a check of given ones."""

from __future__ import annotations

import math

import numpy as np

from solver.core.optimizers import OPTIMIZERS
from solver.core.settings import Settings
from solver.data.ratings import Ratings, spread_of
from solver.errors import UserError
from solver.model.factors import Factors, tensors_later
from solver.model.models import MODELS
from solver.model.net import HIDDEN, AnyFactors, additive, embedding_size, start_net

from .random_normal import normals
from .random_start import inside, random_factors, through_sigmoid


def start_values(ratings: Ratings, settings: Settings) -> AnyFactors:
    """Random start values of the size that suits the method in the settings, drawn with the seed in the settings."""
    drawn = _drawn(ratings, settings)
    factors = drawn.with_arrays({name: array.astype(settings.dtype, copy=False) for name, array in drawn.arrays().items()})
    if ratings.item_columns is None:
        return factors
    return _beside_given(additive(factors), ratings.item_columns)


def _drawn(ratings: Ratings, settings: Settings) -> AnyFactors:
    """Start values before they have the precision of the settings."""
    samples = OPTIMIZERS[settings.optimizer].samples
    if settings.loss == "all-pairs":
        return _around_zero(ratings, settings)
    if settings.batch_size is None and not samples and settings.model != "net":
        return random_factors(ratings, model=settings.known_model, n_factors=settings.n_factors, seed=settings.seed,
                              low=settings.low, high=settings.high)
    mean = float(ratings.values.mean(dtype="float64"))
    if settings.loss == "cross-entropy" and settings.negatives:
        mean = 1 / (1 + settings.negatives)
    if settings.model == "net" and settings.bounds is not None:
        sizes = settings.embedding_sizes or (embedding_size(ratings.n_users), embedding_size(ratings.n_items))
        return start_net(ratings.n_users, ratings.n_items, hidden=settings.hidden or HIDDEN, seed=settings.seed, sizes=sizes,
                         mean=through_sigmoid(mean, *settings.bounds))
    spread = _moving_spread(ratings, settings) if samples else _small_spread(ratings, settings)
    return small_factors(ratings, mean=mean, spread=spread, model=settings.known_model, n_factors=settings.n_factors,
                         seed=settings.seed, low=settings.low, high=settings.high)


def _beside_given(factors: Factors, given: np.ndarray) -> Factors:
    """The factors with the items' given columns in front. The users' factors for these columns are 0."""
    user, item = (factors.arrays()[side] for side in ("user", "item"))
    nothing = np.zeros((len(user), given.shape[1]), user.dtype)
    beside = {"user": np.concatenate([nothing, user], 1), "item": np.concatenate([given.astype(item.dtype), item], 1)}
    return factors.with_arrays(beside, given=given.shape[1])


def small_factors(ratings: Ratings, *, model: str, n_factors: int, seed: int, mean: float, spread: float = 0.01,
                  low: float | None = None, high: float | None = None) -> Factors:
    """Start values for steps of a few ratings: factors near 0 (normal, clipped at two `spread`), biases
    0, and `mean`, the mean rating, as offset, through the inverse of the sigmoid where the model is bounded.

    Without biases there is no offset either, and `random_factors` are used.
    """
    if not MODELS[model].biases:
        return random_factors(ratings, model=model, n_factors=n_factors, seed=seed)
    n_users, n_items = ratings.n_users, ratings.n_items
    user, item = ((spread * drawn).clip(-2 * spread, 2 * spread) for drawn in normals(seed, (n_users, n_factors), (n_items, n_factors)))
    return tensors_later({"user": user, "item": item, "user_bias": np.zeros(n_users, np.float32), "item_bias": np.zeros(n_items, np.float32)},
                         offset=inside(mean, model, low, high))


def _around_zero(ratings: Ratings, settings: Settings) -> Factors:
    """Factors whose products are nearly 0, as nearly all pairs are."""
    spread = 0.1 / math.sqrt(settings.n_factors)
    user, item = normals(settings.seed, (ratings.n_users, settings.n_factors), (ratings.n_items, settings.n_factors))
    return tensors_later({"user": spread * user, "item": spread * item})


def _small_spread(ratings: Ratings, settings: Settings) -> float:
    """0.01 in units of the ratings' spread (see `units`), of which a dot product has the square."""
    return 0.01 if settings.bounds or settings.model == "net" else 0.01 * math.sqrt(float(ratings.values.std(dtype="float64")) or 1.0)


def _moving_spread(ratings: Ratings, settings: Settings) -> float:
    """Spread of factors with which dot products vary by a third of what the ratings do: a chain of draws
    that begins much closer to 0 takes long to leave it."""
    return math.sqrt((float(ratings.values.std()) or 1.0) / 3) / settings.n_factors ** 0.25


def not_below_zero(start: AnyFactors) -> AnyFactors:
    """The start values with the sizes of the factors in the places of the factors."""
    return start.with_arrays({side: np.abs(start.arrays()[side]) for side in ("user", "item")})


VANISHED = 1e-4     # of the ratings' spread: products of factors that small are those of a fit with too much weight decay
REVIVED = 0.05      # spread of the factors that take their place


def have_vanished(start: AnyFactors, ratings: Ratings, *, bounded: bool) -> bool:
    """Whether the factors beside biases are all but 0: there the gradient is, too, and a fit would end where it starts."""
    if not isinstance(start, Factors) or start.model == "dot" or not start.n_factors:
        return False
    largest = math.prod(float(np.linalg.norm(start.arrays()[side], axis=1).max()) for side in ("user", "item"))
    # inside a sigmoid factors have no unit of the ratings
    return 0 < largest < VANISHED * (1.0 if bounded else spread_of(ratings))


def revived(start: AnyFactors, *, seed: int) -> AnyFactors:
    """Keeps the biases and replaces the factors by small random ones."""
    import torch

    generator = torch.Generator().manual_seed(int(seed))
    return start.with_tensors({name: REVIVED * torch.randn(rows.shape, generator=generator, dtype=rows.dtype)
                               for name, rows in (("user", start.user), ("item", start.item))})


def check_start(start: AnyFactors, ratings: Ratings, *, model: str) -> tuple[str, ...]:
    """Notes on start values that lead less far than they could.

    Raises UserError for start values of the wrong shape, and for factors from which no step leads
    on: where all are 0, the gradient of every product is 0 as well.
    """
    users, items, k = ratings.n_users, ratings.n_items, start.n_factors
    if (start.model == "net") != (model == "net"):
        raise UserError(f"The model is '{model}', and the start values are those of a '{start.model}' model. "
                        "Choose the model that they belong to.")
    shapes, arrays = start.shapes(users, items), start.arrays()
    for name, array in arrays.items():
        if array.shape != shapes[name]:
            raise UserError(f"The start values '{name}' are {_by(array.shape)}; {users} users, "
                            f"{items} items and {k} factors need {_by(shapes[name])}.")
    if model == "net":
        return ()
    if ("user_bias" in arrays) != ("item_bias" in arrays):
        raise UserError("The start values have biases for users or for items only. "
                        "Give both, or neither.")
    if MODELS[model].biases != ("user_bias" in arrays):
        has, have = ("biases", "have none") if MODELS[model].biases else ("no biases", "have some")
        raise UserError(f"The model '{model}' has {has}, and the start values {have}. "
                        "Choose the model that they belong to.")
    factors = arrays["user"], arrays["item"]
    if not any(rows.any() for rows in factors):
        raise UserError("All start factors are 0, and from there no step leads on. "
                        "Start from random values.")
    if k > 1 and all((rows == rows[:, :1]).all() for rows in factors):
        return (f"The {k} factors start alike and so stay alike: they count as one. "
                "Start from random values.",)
    return ()


def _by(shape) -> str:
    return " × ".join(map(str, shape))
