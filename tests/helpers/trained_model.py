"""A model trained on the command line from a small table, and how its commands are run in tests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from planted import truth

from pyxl.__main__ import main

ITEMS = 30
QUICK = ("--factors", "4", "--epochs", "3", "--batch-size", "64")


def lines(users: int = 40, *, seed: int = 0) -> list[str]:
    """A line for each of about two thirds of the pairs; users count from 1, items from 101."""
    rng = np.random.default_rng(seed)
    table = np.clip(np.round(2 * (truth(users, ITEMS, 3, seed=seed) + 0.3 * rng.standard_normal((users, ITEMS)))) / 2, 0.5, 5)
    return [f"{u + 1},{i + 101},{table[u, i]:g},{1000 + u * ITEMS + i}" for u in range(users) for i in range(ITEMS)
            if rng.random() < 0.66]


HEAD = "userId,movieId,rating,timestamp"
RATINGS = "\n".join([HEAD, *lines()]) + "\n"
TITLES = "movieId,title\n" + "".join(f"{i},Film {i}\n" for i in range(101, 101 + ITEMS))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with ratings.csv, movies.csv and a model trained on them."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "ratings.csv").write_text(RATINGS)
    (folder / "movies.csv").write_text(TITLES)
    assert main(["train", str(folder / "ratings.csv"), "-o", str(folder / "model"), *QUICK, "--json"]) == 0
    return folder


def run(capsys, *argv):
    """(exit code, stdout, stderr) of a command run in this process."""
    code = main([str(a) for a in argv])
    return code, *capsys.readouterr()


def asked(capsys, *argv) -> dict:
    """What a command that ends well prints with --json."""
    code, out, err = run(capsys, *argv, "--json")
    assert (code, err) == (0, ""), out
    return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
