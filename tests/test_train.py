"""The command `train` as a user meets it: real files, real processes, a real terminal, real sentences."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from terminal import on_a_terminal
from trained_model import HEAD, ITEMS, QUICK, RATINGS, asked, lines, run, trained  # noqa: F401  (a fixture)

from solver import CollabFilter
from solver.collab import preparation

COLLABSHEET = Path(sys.executable).parent / "collabsheet"


def test_train_tells_each_epoch_beside_the_baseline(tmp_path, capsys):
    (tmp_path / "ratings.csv").write_text(RATINGS)
    code, out, err = run(capsys, "train", tmp_path / "ratings.csv", "-o", tmp_path / "model", *QUICK, "--seed", 3)
    assert (code, err) == (0, "")
    said = out.splitlines()
    head = next(n for n, line in enumerate(said) if line.split() == ["epoch", "training", "RMSE", "hold-out", "RMSE", "baseline", "seconds"])
    epochs = [line.split() for line in said[head + 1:head + 4]]
    assert [row[0] for row in epochs] == ["1", "2", "3"] and len({row[3] for row in epochs}) == 1
    model = CollabFilter.load(tmp_path / "model")
    assert [f"{e.rmse:.4f} {e.holdout_rmse:.4f}" for e in model.result_.history] == [f"{row[1]} {row[2]}" for row in epochs]
    assert "the baseline" in out and "on cpu" in out and "batches of 64" in out
    assert said[-1] == f"Wrote the model to {tmp_path / 'model'}"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "ratings.csv"]


def test_the_baseline_is_that_of_biases_on_the_same_hold_out(tmp_path, capsys):
    from solver import read_ratings, rmse, split_off
    from solver.judging.baselines import bias_only
    (tmp_path / "ratings.csv").write_text(RATINGS)
    said = asked(capsys, "train", tmp_path / "ratings.csv", "-o", tmp_path / "model", *QUICK, "--seed", 5, "--holdout", 0.2)
    ratings, _ = read_ratings(tmp_path / "ratings.csv")
    learnt, held = split_off(ratings, 0.2, seed=5)
    clip = (ratings.values.min(), ratings.values.max())
    assert said["baseline_rmse"] == pytest.approx(rmse(bias_only(learnt), held, clip=clip), abs=1e-12)
    assert (said["learnt_from"], said["ratings"], said["baseline_is_of"]) == (len(learnt), len(ratings), "holdout")
    assert said["settings"]["seed"] == 5 and said["settings"]["n_factors"] == 4 and len(said["history"]) == 3


def test_every_option_reaches_the_fit(tmp_path, capsys):
    (tmp_path / "r.csv").write_text(RATINGS)
    said = asked(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "m", "--model", "bounded", "--optimizer", "sgd", "--epochs", 4,
                 "--lr", 0.02, "--batch-size", 32, "--schedule", "step", "--patience", 3, "--weight-decay", 0.03, "--factors", 3,
                 "--range", "0,6", "--split", "time", "--device", "cpu", "--effort", "quick")
    assert said["settings"].items() >= {
        "model": "bounded", "optimizer": "sgd", "epochs": 4, "lr": 0.02, "weight_decay": 0.03, "batch_size": 32,
        "schedule": "step", "patience": 3, "dropout": None, "hidden": None, "n_factors": 3, "seed": 0}.items()
    assert said["settings"]["low"] <= 0 and said["settings"]["high"] >= 6
    model = CollabFilter.load(tmp_path / "m")
    assert model.rating_range_ == (0, 6) and model.holdout_by == "time" and model.effort == "quick"


def test_options_of_the_net_reach_it(tmp_path, capsys):
    (tmp_path / "r.csv").write_text(RATINGS)
    said = asked(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "m", "--model", "net", "--epochs", 2, "--hidden", "8,4",
                 "--dropout", 0.2)
    assert said["settings"]["hidden"] == [8, 4] and said["settings"]["dropout"] == 0.2
    layers = CollabFilter.load(tmp_path / "m").factors_.tensors()
    assert {8, 4} <= {size for tensor in layers.values() for size in tensor.shape}


def test_the_settings_are_chosen_once(tmp_path, capsys, monkeypatch):
    """Effort good runs fits to choose them: nobody should wait for that twice."""
    (tmp_path / "r.csv").write_text(RATINGS)
    chosen, choose = [], preparation.choose_settings
    monkeypatch.setattr(preparation, "choose_settings", lambda *a, **b: chosen.append(a) or choose(*a, **b))
    asked(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "m", "--factors", 3)
    assert [effort for effort, *_ in chosen].count("good") == 1


def test_without_a_hold_out_all_ratings_are_learnt(tmp_path, capsys):
    (tmp_path / "r.csv").write_text(RATINGS)
    said = asked(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "m", *QUICK, "--holdout", 0)
    assert said["learnt_from"] == said["ratings"] and said["holdout_rmse"] is None and said["baseline_is_of"] == "training"


@pytest.mark.parametrize("name, content, more", [
    ("r.tsv", RATINGS.replace(",", "\t"), ()), ("r.dat", "\n".join(lines()).replace(",", "::"), ()),
    ("r.csv.gz", gzip.compress(RATINGS.encode()), ()), ("r.txt", RATINGS.replace(",", "#"), ("--sep", "#")),
    ("r.csv", RATINGS.replace("userId,movieId,rating", "a,b,c"), ("--columns", "a,b,c")), ("r.parquet", None, ())])
def test_train_reads_every_kind_of_table(trained, tmp_path, capsys, name, content, more):
    path = tmp_path / name
    if content is None:
        import pandas as pd
        pd.read_csv(trained / "ratings.csv").to_parquet(path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = asked(capsys, "train", path, "-o", tmp_path / "m", *QUICK, *more)
    assert (said["users"], said["items"], said["ratings"]) == (40, ITEMS, len(lines()))
    one, two = CollabFilter.load(tmp_path / "m"), CollabFilter.load(trained / "model")
    assert one.users_ == two.users_ and torch.equal(one.factors_.user, two.factors_.user)  # the same to the last bit


def test_a_model_that_is_there_is_kept_unless_overwrite_is_said(trained, tmp_path, capsys):
    before = {p.name: p.read_bytes() for p in (trained / "model").iterdir()}
    code, out, err = run(capsys, "train", trained / "ratings.csv", "-o", trained / "model", *QUICK)
    assert (code, out) == (2, "") and err == "There is a folder 'model' already. Choose another, or say --overwrite.\n"
    assert before == {p.name: p.read_bytes() for p in (trained / "model").iterdir()}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    code, out, err = run(capsys, "train", trained / "ratings.csv", "-o", tmp_path / "mine", *QUICK, "--overwrite")
    assert code == 2 and "holds other files and no model" in err
    assert run(capsys, "train", trained / "ratings.csv", "-o", tmp_path / "no" / "m", *QUICK)[0] == 2
    assert asked(capsys, "train", trained / "ratings.csv", "-o", tmp_path / "m", *QUICK)["seconds"] > 0
    assert asked(capsys, "train", trained / "ratings.csv", "-o", tmp_path / "m", *QUICK, "--overwrite")["epochs"] == 3


# ---- bad input: one sentence, exit code 2, and no model

GOOD = lines()
BAD = {
    "a missing column": ("\n".join(["userId,movieId,text", *("1,2,x" for _ in range(9))]), "r.csv has no column for: rating."),
    "a text rating": ("\n".join([HEAD, *GOOD, "1,5,good,0"]), f"r.csv, line {len(GOOD) + 2}: the rating is 'good', not a number."),
    "NaN": ("\n".join([HEAD, *GOOD, "1,5,NaN,0"]), f"r.csv, line {len(GOOD) + 2}: the rating NaN is not a finite number."),
    "an empty file": ("", "r.csv is empty."),
    "a negative id": ("\n".join([HEAD, *GOOD, "-1,101,4,0"]), "r.csv: the user -1 is negative, which mostly stands for a missing one."),
    "malformed lines": ("\n".join([HEAD, *("broken" if n % 10 == 4 else line for n, line in enumerate(GOOD))]),
                        "r.csv, line 6: 1 field where the first line has 4."),
    "a file that ends mid-line": ("\n".join([HEAD, *GOOD])[:-14], f"r.csv, line {len(GOOD) + 1}: the file ends in the middle"),
    "one rating": (HEAD + "\n1,2,3,4\n", "r.csv, line 2 holds the only rating"),
    "equal ratings": (HEAD + "\n1,2,3,4\n1,3,3,4\n", "r.csv: all 2 ratings are 3; there is nothing to learn."),
}
OPTIONS = {
    "no CUDA": (("--device", "cuda"), "There is no cuda device on this machine."),
    "an unknown device": (("--device", "gpu"), "device is 'gpu'."),
    "too many factors": (("--factors", 10**11), "There is too little memory for these ratings and 100,000,000,000 factors"),
    "no factors": (("--factors", 0), "n_factors is 0."),
    "an unknown optimizer": (("--optimizer", "fastest"), "optimizer is 'fastest'."),
    "an unknown model": (("--model", "best"), "model is 'best'."),
    "an unknown effort": (("--effort", "huge"), "effort is 'huge'."),
    "an unknown split": (("--split", "luck"), "'luck'"),
    "a negative seed": (("--seed", -1), "seed is -1."),
    "a range that is none": (("--range", "5"), "--range is '5'."),
    "a range upside down": (("--range", "5,1"), "(5.0, 1.0)"),
    "a rating outside the range": (("--range", "1,3"), "lies outside 1 to 3."),
    "a range of implicit feedback": (("--range", "0,6", "--feedback", "implicit"), "implicit feedback predicts chances from 0 to 1. Leave it out (--range)."),
    "a hold-out of all": (("--holdout", 1), "1"),
    "a column that is not there": (("--columns", "a,b,c"), "r.csv has no column 'a'"),
    "no number": (("--epochs", "many"), "--epochs"),
}


def sentence_of(capsys, tmp_path, *argv) -> str:
    """The one sentence a failing train says, having left nothing but the ratings."""
    left = sorted(p.name for p in tmp_path.iterdir())
    code, out, err = run(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "model", *argv)
    assert code == 2 and err.count("\n") == 1 and err.endswith(".\n") and "Traceback" not in out + err
    assert str(tmp_path) not in err
    code, out, _ = run(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "model", *argv, "--json")
    assert code == 2 and json.loads(out)["error"] == err.rstrip("\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == left
    return err


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("large", [2**60, 0], ids=["line by line", "in blocks"])
def test_bad_ratings_are_one_sentence_and_no_model(tmp_path, capsys, monkeypatch, case, large):
    from solver.reading.formats.delimited_text import text_columns
    monkeypatch.setattr(text_columns, "_LARGE", large)
    content, sentence = BAD[case]
    (tmp_path / "r.csv").write_text(content)
    assert sentence_of(capsys, tmp_path).startswith(sentence)


@pytest.mark.parametrize("case", OPTIONS)
def test_bad_options_are_one_sentence_and_no_model(tmp_path, capsys, case):
    if case == "no CUDA" and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    (tmp_path / "r.csv").write_text(RATINGS)
    options, sentence = OPTIONS[case]
    assert sentence in sentence_of(capsys, tmp_path, *options)


def test_a_split_by_time_needs_times(tmp_path, capsys):
    (tmp_path / "r.csv").write_text(RATINGS.replace("timestamp", "note"))
    assert "The ratings have no times to split by." in sentence_of(capsys, tmp_path, "--split", "time")


def test_a_full_disk_leaves_nothing(tmp_path, tmp_path_factory):
    """Neither the model nor compiled kernels can be kept."""
    (tmp_path / "r.csv").write_text(RATINGS)
    done = subprocess.run([COLLABSHEET, "train", tmp_path / "r.csv", "-o", tmp_path / "model", *QUICK], capture_output=True,
                          text=True, env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("kernels"))}, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("'model' was not saved: the disk does not take a file of this size.")
    assert [p.name for p in tmp_path.iterdir()] == ["r.csv"]


def test_memory_that_runs_out_is_one_sentence(tmp_path, capsys, monkeypatch):
    import solver.fitting.fit_ratings
    (tmp_path / "r.csv").write_text(RATINGS)

    def full(*_):
        raise MemoryError
    monkeypatch.setattr(solver.fitting.fit_ratings, "start_values", full)
    assert sentence_of(capsys, tmp_path).startswith("There is too little memory for these ratings and 50 factors; nothing was written.")


# ---- a terminal, a pipe, Ctrl-C

def test_a_bar_on_a_terminal_and_a_real_ctrl_c_that_keeps_the_best(trained, tmp_path):
    command = [str(COLLABSHEET), "train", str(trained / "ratings.csv"), "-o", str(tmp_path / "model"), "--factors", "3",
               "--optimizer", "sgd", "--lr", "0.0001", "--batch-size", "64", "--epochs", "1000000"]
    code, shown = on_a_terminal(command, until=b"    2       ", then=signal.SIGINT)
    assert code == 0, shown
    assert b"Stopped by Ctrl-C at epoch" in shown and b"the best so far is kept" in shown and b"Wrote the model" in shown
    assert b"left" in shown and b"% of it" in shown
    model = CollabFilter.load(tmp_path / "model")
    assert model.result_.stopped and len(model.recommend(1, 3)) == 3


def test_plain_lines_in_a_pipe(trained, tmp_path):
    done = subprocess.run([COLLABSHEET, "train", trained / "ratings.csv", "-o", tmp_path / "m", *QUICK], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"") and b"\x1b" not in done.stdout and b"\r" not in done.stdout
    assert len([line for line in done.stdout.splitlines() if line[:5].strip().isdigit()]) == 3
