"""The script for whoever has a CUDA device: all of it runs, tiny and on the CPU, and a part that breaks does not end it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "gpu")]

import run_parts  # noqa: E402


def test_a_dry_run_finds_every_figure(tmp_path):
    done = subprocess.run([BENCHMARKS / "on_a_gpu.sh", tmp_path, "--dry-run"], env=os.environ | {"PYTHON": sys.executable},
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = [json.loads(line) for line in (tmp_path / "figures.jsonl").read_text().splitlines()]
    assert not [line for line in figures if "failed" in line], (tmp_path / "log.txt").read_text()[-4000:]
    assert {line["way"] for line in figures if line["figure"] == "hold-out"} == {"SGD", "AdamW", "ALS", "Gibbs", "net"}
    assert {line["what"] for line in figures if line["figure"] == "pass"} == {"sgd", "als", "gibbs"}
    assert all(line["rmse"][-1] < line["rmse"][0] for line in figures if line["figure"] == "pass")
    assert all(line["apart"] == 0 for line in figures if "apart" in line)     # of the CPU and the CPU
    assert sum(line["figure"] == "sheet" for line in figures) == 4
    assert sum(line["figure"] == "gradient" for line in figures) == 2
    table = (tmp_path / "table.md").read_text()
    assert "hold-out RMSE of net" in table and "failed" not in table and table in done.stdout


def test_a_part_that_fails_or_hangs_is_named_and_the_next_goes_on(tmp_path, capsys):
    parts = [run_parts.Task("breaks", ("-c", "print('so far'); raise ValueError('no such card')"), 60),
             run_parts.Task("hangs", ("-c", "import time; time.sleep(600)"), 1),
             run_parts.Task("works", ("-c", "print('fine')"), 60)]
    ended = run_parts.carry_out_all(parts, tmp_path, seconds=300)
    assert [words.partition(" after")[0] for words in ended.values()] == ["failed with 1", "not done", "done"]
    said = capsys.readouterr().out
    assert "so far" in said and "ValueError: no such card" in said and "fine" in said
    assert (tmp_path / "log.txt").read_text().count("==") == 12 and "| hangs " in (tmp_path / "table.md").read_text()


def test_what_there_is_no_time_for_is_left_out(tmp_path):
    assert run_parts.carry_out_all([run_parts.Task("late", ("-c", "0"), 60)], tmp_path, seconds=1) == {
        "late": "left out: no time was left"}


def test_the_parts_name_files_that_are_there_and_end_in_time(tmp_path):
    parts = run_parts.tasks(tmp_path, dry=False)
    files = [word.partition("::") for part in parts for word in part.arguments if ".py" in word]
    assert len(files) >= 9 and all(test in (run_parts.ROOT / file).read_text() for file, _, test in files)
    assert run_parts.ALL_SECONDS < 480 and all(part.seconds < run_parts.ALL_SECONDS for part in parts)


@pytest.mark.parametrize("users", [30, 200])
def test_made_ratings_are_different_pairs_and_every_row_has_one(users):
    import numpy as np
    from ratings_on_card import made_ratings
    ratings = made_ratings(2_000, users, 50, device="cpu")
    pairs = ratings.user_index.astype(int) * ratings.n_items + ratings.item_index
    assert len(np.unique(pairs)) == len(ratings) <= 2_000
    assert len(np.unique(ratings.user_index)) == ratings.n_users and len(np.unique(ratings.item_index)) == ratings.n_items
    assert ratings.values.min() >= 0.5 and ratings.values.max() <= 5 and ratings.values.dtype == np.float32
