"""Which slow libraries a command loads. What loads one more makes every use of the command wait, and says so here first."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from solver import CollabFilter, Ratings, random_factors
from solver.fitting.random_normal import normals

SLOW = {"torch", "pandas", "scipy", "pyarrow", "numba", "highspy", "matplotlib", "xlwings", "rich", "openpyxl", "numpy", "starlette", "uvicorn"}
SEEN = ("import json, sys\nfrom pyxl.__main__ import main\ntry:\n    code = main(sys.argv[2:])\nexcept SystemExit as end:\n    code = end.code\n"
        "open(sys.argv[1], 'w').write(json.dumps([code, sorted(sys.modules)]))")
CELLS = {"openpyxl", "numpy"}
TABLES = {"numpy", "pandas", "pyarrow"}


@pytest.mark.parametrize("command, loads", [
    ("--help", set()), ("--version", set()), ("fit --help", set()), ("recommend --help", set()),
    ("inspect book.xlsx", CELLS), ("recalculate book.xlsx", CELLS), ("restore book.xlsx --in-place", CELLS),
    ("look ratings.csv", TABLES),
    ("recommend model --user 3", TABLES), ("similar model --item 3", TABLES), ("explain model --user 3 --item 4", TABLES),
    ("train ratings.csv -o trained --effort quick", TABLES | {"numba", "scipy"}),    # numba looks for scipy
    ("predict model ratings.csv", TABLES), ("evaluate model ratings.csv", TABLES),
    ("fit book.xlsx -o fitted.xlsx", CELLS | {"torch"}), ("new ratings.csv -o new.xlsx", TABLES | CELLS),
])
def test_a_command_loads_only_what_it_uses(example_book, model, tmp_path, command, loads):
    shutil.copy(fitted(example_book, tmp_path) if command.startswith("restore") else example_book.path, tmp_path / "book.xlsx")
    (tmp_path / "ratings.csv").write_text("user,item,rating\n" + "".join(f"{u},{i},{(u * i) % 5 + 1}\n" for u in range(8) for i in range(8)))
    (tmp_path / "model").symlink_to(model)
    run = subprocess.run([sys.executable, "-c", SEEN, str(tmp_path / "seen.json"), *command.split()], cwd=tmp_path, capture_output=True, text=True)
    code, modules = json.loads((tmp_path / "seen.json").read_text())
    assert not code, run.stderr
    assert SLOW & set(modules) == loads


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "model"
    table = np.add.outer(np.arange(8), np.arange(8)) % 5 + 1.0
    CollabFilter(n_factors=2, effort="quick", epochs=2).fit(Ratings.from_crosstab(table, range(8), range(8))).save(folder)
    return folder


def test_a_loaded_model_has_tensors_for_who_asks(model):
    """Only they load torch; what is computed from the arrays before is computed from the same memory."""
    loaded = CollabFilter.load(model)
    before = loaded.predict([(3, 4)])
    assert isinstance(loaded.factors_.user, torch.Tensor) and isinstance(loaded.result_.factors.item_bias, torch.Tensor)
    loaded.factors_.item[4] += 1
    assert loaded.predict([(3, 4)]) != before


def test_random_start_values_are_torchs_own():
    """A workbook of before and one built without torch begin with the same numbers."""
    ratings = Ratings.from_crosstab(np.arange(12.0).reshape(3, 4), "abc", "defg")
    for seed in (0, 7, 2**31 + 1, 2**40 + 3):
        generator, scale = torch.Generator().manual_seed(seed), np.sqrt(ratings.values.std() / np.sqrt(5))
        drawn = random_factors(ratings, model="dot+bias", n_factors=5, seed=seed)
        for part, shape in ((drawn.user, (3, 5)), (drawn.item, (4, 5))):
            assert torch.equal(part, scale * (torch.rand(*shape, generator=generator, dtype=torch.float64) - 0.5))


def test_random_normal_numbers_are_torchs_own():
    """A model trained without torch is, to the last bit, the one that was trained with it."""
    for seed in (0, 2**31 + 1, 2**40 + 3):
        for shapes in (((3, 5), (4, 5)), ((3, 7), (70_000,), (17,)), ((2, 5), (3, 1))):
            generator = torch.Generator().manual_seed(seed)
            for drawn, shape in zip(normals(seed, *shapes), shapes):
                of_torch = torch.randn(shape, generator=generator).numpy()
                assert np.abs(drawn - of_torch).max() < 1e-5
                if torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512"):
                    assert np.array_equal(drawn, of_torch)


def fitted(book, folder):
    from pyxl import fit_workbook

    shutil.copy(book.path, folder / "fitted.xlsx")
    fit_workbook(folder / "fitted.xlsx", out=folder / "fitted.xlsx", sheets=["bias"])
    return folder / "fitted.xlsx"
