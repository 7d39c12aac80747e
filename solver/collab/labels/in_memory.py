"""Tables as other libraries hold them in memory, to one of pandas: polars, pyarrow and whatever speaks Arrow, torch, numpy, dicts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from solver.data.ratings import Ratings
from solver.errors import UserError

_HOW = "Give a table with the columns user, item, rating."


def as_frame(X) -> pd.DataFrame:
    """A table as a DataFrame. An index of two levels becomes two columns; a dict of dicts holds each user's items.

    Raises UserError for what is no table.
    """
    if X is None or isinstance(X, (str, bytes, Path)):
        given = "None" if X is None else "a text"
        raise UserError(f"What is given is {given} and no table of ratings. " + (
            _HOW if X is None else "Read a file with read_ratings, which gives ratings and notes."))
    if isinstance(X, (pd.DataFrame, pd.Series)):
        return _pandas(X)
    if hasattr(X, "__arrow_c_stream__"):
        import pyarrow as pa

        return pa.table(X).to_pandas()
    if not isinstance(X, np.ndarray) and hasattr(X, "__array__") and not hasattr(X, "detach"):
        X = np.asarray(X)
    if hasattr(X, "detach"):    # a tensor of torch, wherever it is
        X = X.detach().cpu().numpy()
    if isinstance(X, Mapping) and X and all(isinstance(own, Mapping) for own in X.values()):
        triples = [(user, item, rating) for user, own in X.items() for item, rating in own.items()]
        return pd.DataFrame(triples, columns=["user", "item", "rating"])
    try:
        rows = X if isinstance(X, (np.ndarray, dict)) else list(X)
    except TypeError:
        raise UserError(f"What is given is of type {type(X).__name__} and no table of ratings. {_HOW}") from None
    flat = not isinstance(rows, dict) and np.ndim(rows) == 1 and len(rows) and np.isscalar(rows[0])
    if flat and getattr(X, "dtype", np.dtype(float)).names is None:     # an array with named fields is a table
        raise UserError(f"One column is no table of ratings. {_HOW}")
    return pd.DataFrame(rows)


def sparse_ratings(X) -> Ratings | None:
    """The stored entries of a sparse matrix of scipy, users × items, labelled by their places; None for anything else."""
    if not type(X).__module__.startswith("scipy.sparse"):
        return None
    entries = X.tocoo()
    entries.sum_duplicates()
    if entries.ndim != 2:
        raise UserError(f"The sparse array has {entries.ndim} dimension(s). Give one of users × items.")
    n_users, n_items = entries.shape
    return Ratings(tuple(range(n_users)), tuple(range(n_items)), entries.row.astype(np.int64), entries.col.astype(np.int64),
                   entries.data.astype(np.float32 if entries.data.dtype == np.float32 else np.float64))


def _pandas(X: pd.DataFrame | pd.Series) -> pd.DataFrame:
    if isinstance(X.index, pd.MultiIndex) and X.index.nlevels == 2:
        named = X.rename("rating") if isinstance(X, pd.Series) and X.name is None else X
        names = [name if name is not None else role for name, role in zip(X.index.names, ("user", "item"))]
        return named.rename_axis(index=names).reset_index()
    if isinstance(X, pd.Series):
        raise UserError(f"One column is no table of ratings. {_HOW}")
    return X
