"""Cases about files of ratings."""

from __future__ import annotations

import gzip
import io
import random
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from campaign.mutations import ODD_TEXTS, with_bytes_changed
from campaign.verdict import Failed
from solver import read_ratings


def ratings(number: int) -> None:
    """A table, however it is written and broken, is read or refused, and so are its ids and numbers."""
    rng = random.Random(f"ratings {number}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.csv"
        if rng.random() < 0.2:
            path = path.with_suffix(".parquet")
            path.write_bytes(_parquet(rng))
        else:
            content = table_of(rng)
            path.write_bytes(gzip.compress(content) if rng.random() < 0.1 else content)
        if rng.random() < 0.5:
            path.write_bytes(with_bytes_changed(rng, path.read_bytes()))
        found, notes = read_ratings(path)
        if not (len(found) >= 2 and np.isfinite(found.values).all() and all(isinstance(note, str) for note in notes)):
            raise Failed("a table was read that holds no ratings")


def table_of(rng: random.Random) -> bytes:
    """Ratings as text, some of it odd."""
    sep, end = rng.choice([",", ";", "\t", "|", "::"]), rng.choice(["\n", "\r\n", "\r"])
    names = rng.choice([("user", "item", "rating"), ("userId", "movieId", "rating", "timestamp"), ("a", "b", "c"), ("user", "user", "rating")])
    lines = [sep.join(names)] * rng.randint(0, 2)
    for n in range(rng.randint(0, 30)):
        fields = [str(n % 5), f"film {n % 7}", rng.choice(["1", "4.5", "3,5", "5"]), "1234567890"][:len(names)]
        if rng.random() < 0.1:
            fields[rng.randrange(len(fields))] = rng.choice([*ODD_TEXTS, "NaN", "1e999", '"', '"a', 'a"b"', "\0", " 4", "-3", "TRUE", "1/2/2020"])
        if rng.random() < 0.03:
            fields = fields[:rng.randrange(len(fields))]
        lines.append(sep.join(fields))
    text = end.join(lines) + end * rng.randint(0, 2)
    return text.encode(rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]), errors="replace")


def _parquet(rng: random.Random) -> bytes:
    n = rng.randint(0, 20)
    kinds = [pa.array([k % 4 for k in range(n)]), pa.array([f"i{k % 5}" for k in range(n)]), pa.array([float(k % 5) for k in range(n)]),
             pa.array([None] * n), pa.array([k % 2 == 0 for k in range(n)]), pa.array([[k] for k in range(n)]), pa.array([b"\xff"] * n),
             pa.array([float("nan")] * n), pa.array([str(k) for k in range(n)]).dictionary_encode()]
    names = rng.choice([("user", "item", "rating"), ("user", "user", "rating"), ("", "item", "rating"), ("user ", "item", "rating")])
    columns = kinds[:3] if rng.random() < 0.4 else [rng.choice(kinds) for _ in range(3)]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=list(names)), out)
    return out.getvalue()


def warm_up() -> None:
    """Load what reads Parquet: its allocator reserves memory once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.parquet"
        pq.write_table(pa.table({"user": [1, 2], "item": [1, 2], "rating": [1.0, 2.0]}), path)
        read_ratings(path)
