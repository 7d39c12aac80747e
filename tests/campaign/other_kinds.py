"""Cases about formulas, tables of ratings and model folders."""

from __future__ import annotations

import gzip
import io
import json
import random
import tempfile
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from campaign.mutations import ODD_TEXTS, with_bytes_changed
from campaign.verdict import Failed
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.functions.all_functions import FUNCTIONS
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.grid.cells import Cell, ErrorValue
from pyxl.grid.grid import Formula, Grid
from solver import CollabFilter, Ratings, UserError, read_ratings
from solver.collab.storage import DOCUMENT, read_folder, write_folder

# -- formulas ----------------------------------------------------------------------------------------

_LITERALS = ["0", "1", "-1", "2", "0.5", "1E300", "-1E300", "1E-300", "1E15", "255", "32768", "1048577", "TRUE", "FALSE", '""', '"a"', '"*"',
             '"?*?*?*?*?*?*b"', '"~*"', '"0.00"', '">1"', '"<>"', '"1/0"', '"31/12/9999"', "#N/A", "{1,2;3,4}", '{"a";1;TRUE}', "A1", "B2",
             "A1:C5", "A:A", "1:1", "A1:XFD1048576", "E5", "Z99", "A1:A1048576", '"' + "x" * 200 + '"', '"²"', "(A1,B2)", "S!A1", "Q!A1", ""]
_SIGNS = ["+", "-", "*", "/", "^", "&", "=", "<", ">", "<>", "<=", ">=", " ", ":"]


def random_formula(rng: random.Random, depth: int = 3) -> str:
    """Any functions of any arguments, in whatever number."""
    roll = rng.random()
    if depth == 0 or roll < 0.25:
        return rng.choice(_LITERALS)
    if roll < 0.45:
        return f"{random_formula(rng, depth - 1)}{rng.choice(_SIGNS)}{random_formula(rng, depth - 1)}"
    if roll < 0.5:
        return rng.choice(["-", "+", "(", ""]) + random_formula(rng, depth - 1) + rng.choice(["%", ")", "", "#"])
    arguments = ",".join(random_formula(rng, depth - 1) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4, 6])))
    return f"{rng.choice(sorted(FUNCTIONS))}({arguments})"


class _Book:
    """One sheet with a few values, and a formula that is about to be asked."""

    sheets, names, tables, date1904 = ("S",), (), (), False

    def __init__(self, text: str, array: bool):
        from pyxl.grid.cells import Range
        self._grid = Grid("S")
        self._grid.values = {Cell(1, 1): 1.0, Cell(1, 2): "a", Cell(2, 1): -2.5, Cell(2, 2): True, Cell(3, 1): ErrorValue("#N/A"),
                             Cell(3, 3): "x*y?", Cell(4, 1): 1e300, Cell(5, 1): ""}
        where = Cell(8, 5)
        self._grid.formulas = {where: Formula(text, where, Range(8, 5, 9, 6) if array else None)}

    def grid(self, sheet: str) -> Grid:
        """The only one."""
        return self._grid


def formulas(number: int) -> None:
    """A formula gives a value that a cell can hold, or says why not."""
    rng = random.Random(f"formulas {number}")
    text = random_formula(rng)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = Calculator(_Book(text, rng.random() < 0.3)).value("S", Cell(8, 5))
    except FormulaError as why:
        if "Please report it" in str(why):
            raise Failed(f"={text} gives {why}") from None
        raise UserError(f"{str(why).rstrip('.')}.") from None
    if value is not None and not isinstance(value, (bool, float, str)):
        raise Failed(f"={text} gives {value!r}, which no cell holds")
    if isinstance(value, float) and not np.isfinite(value):
        raise Failed(f"={text} gives {value!r}, which no cell holds")
    if isinstance(value, str) and len(value) > 32_767:
        raise Failed(f"={text} gives a text of {len(value):,} characters")


# -- tables of ratings ---------------------------------------------------------------------------------

def ratings(number: int) -> None:
    """A table, however it is written and broken, is read or refused, and so are its ids and numbers."""
    rng = random.Random(f"ratings {number}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.csv"
        if rng.random() < 0.2:
            path = path.with_suffix(".parquet")
            path.write_bytes(_parquet(rng))
        else:
            content = _table(rng)
            path.write_bytes(gzip.compress(content) if rng.random() < 0.1 else content)
        if rng.random() < 0.5:
            path.write_bytes(with_bytes_changed(rng, path.read_bytes()))
        found, notes = read_ratings(path)
        if not (len(found) >= 2 and np.isfinite(found.values).all() and all(isinstance(note, str) for note in notes)):
            raise Failed("a table was read that holds no ratings")


def _table(rng: random.Random) -> bytes:
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


# -- models ----------------------------------------------------------------------------------------------

@cache
def base_models() -> tuple[tuple[dict, dict], ...]:
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
    tensors, document = rng.choice(base_models())
    tensors, document = dict(tensors), json.loads(json.dumps(document))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "m"
        if rng.random() < 0.7:
            _change(rng, document)
        if rng.random() < 0.5:
            name = rng.choice(sorted(tensors))
            tensors[name] = _changed_tensor(rng, tensors[name])
        write_folder(path, {name: tensor for name, tensor in tensors.items() if tensor is not None},
                     {name: value for name, value in document.items() if name not in ("kind", "format", "sha256")})
        if rng.random() < 0.1:
            file = path / rng.choice([DOCUMENT, "model.safetensors"])
            file.write_bytes(with_bytes_changed(rng, file.read_bytes()))
        model = CollabFilter.load(path)
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


def _changed_tensor(rng: random.Random, tensor):
    if not tensor.numel():
        return None
    return rng.choice([lambda t: None, lambda t: t[:-1], lambda t: t[..., :-1], lambda t: t.double(), lambda t: t.long(), lambda t: t * -7,
                       lambda t: t.flatten(), lambda t: t[None], lambda t: t.float() / 0, lambda t: t[:0], lambda t: t.bool()])(tensor)
