"""Cases about model folders."""

from __future__ import annotations

import json
import random
import tempfile
import warnings
from functools import cache
from pathlib import Path

import numpy as np

from campaign import ratings_kind
from campaign.mutations import with_bytes_changed
from solver import CollabFilter, Ratings
from solver.collab.saved.storage import DOCUMENT, read_folder, write_folder


def warm_up() -> None:
    """Fit the models, and load what reads Parquet: its allocator reserves memory once."""
    ratings_kind.warm_up()
    base_models()


@cache
def base_models() -> tuple[tuple[dict, dict], ...]:
    """A few fitted models, as (arrays, document)."""
    table = np.random.default_rng(0).integers(1, 6, (6, 5)).astype(float)
    made = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n, options in enumerate(({"n_factors": 2, "effort": "quick"}, {"n_factors": 2, "effort": "best"},
                                     {"model": "net", "batch_size": 8}, {"n_factors": 2, "optimizer": "lbfgs"})):
            model = CollabFilter(epochs=2, random_state=0, **options)
            model.fit(Ratings.from_crosstab(table, [f"u{k}" for k in range(6)], range(5))).save(Path(folder) / str(n))
            made.append(read_folder(Path(folder) / str(n)))
    return tuple(made)


def models(number: int) -> None:
    """A model whose document or numbers were changed is refused when it is loaded, or answers every question."""
    rng = random.Random(f"models {number}")
    arrays, document = rng.choice(base_models())
    arrays, document = dict(arrays), json.loads(json.dumps(document))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "m"
        if rng.random() < 0.7:
            _change(rng, document)
        if rng.random() < 0.5:
            name = rng.choice(sorted(arrays))
            arrays[name] = _changed_array(rng, arrays[name])
        write_model(path, arrays, document)
        if rng.random() < 0.1:
            file = path / rng.choice([DOCUMENT, "model.safetensors"])
            file.write_bytes(with_bytes_changed(rng, file.read_bytes()))
        ask_model(path)


def write_model(folder: Path, arrays: dict, document: dict) -> None:
    """Write a model folder under digests that are right; an array that is None is left out."""
    write_folder(folder, {name: array for name, array in arrays.items() if array is not None},
                 {name: value for name, value in document.items() if name not in ("kind", "format", "sha256")})


def ask_model(folder: Path) -> None:
    """Load a model and ask it everything."""
    model = CollabFilter.load(folder)
    user, item = model.users_[0], model.items_[-1]
    model.predict([(user, item)])
    model.recommend(user, n=3)
    model.similar_items(item, n=2)
    if model.settings_.model != "net":
        model.explain(user, item)
    model.fold_in({item: 4}).recommend(2)


def _change(rng: random.Random, value) -> None:
    """Something odd in place of an entry, at any depth."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(value[key], (dict, list)) and value[key] and rng.random() < 0.7:
            value = value[key]
            continue
        if rng.random() < 0.2 and isinstance(value, dict):
            del value[key]
        else:
            value[key] = rng.choice([None, True, -1, 0, 3, 1e400, 2**70, "", "x", "nan", [], [1], [None], {}, {"a": 1}, float("nan"), [[1, 2], 3]])
        return


def _changed_array(rng: random.Random, array: np.ndarray) -> np.ndarray | None:
    if not array.size:
        return None
    return rng.choice([lambda a: None, lambda a: a[:-1], lambda a: a[..., :-1], lambda a: a.astype(float), lambda a: a.astype(int),
                       lambda a: ~a if a.dtype.kind == "u" else a * -7,
                       lambda a: a.flatten(), lambda a: a[None], lambda a: a.astype(np.float32) + np.inf, lambda a: a[:0],
                       lambda a: a.astype(bool)])(array)
