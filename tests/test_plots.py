"""Pictures by matplotlib: what they show, that they are written, and one sentence where they cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import drawn, is_png  # noqa: F401  (a fixture)
from trained_model import ITEMS, asked, run, trained  # noqa: F401  (a fixture)

from solver import CollabFilter, UserError, principal_components
from solver.core.loop import Epoch
from solver.judging import plots


def test_train_draws_every_epoch(trained, tmp_path, capsys, drawn):
    said = asked(capsys, "train", trained / "ratings.csv", "-o", tmp_path / "m", "--factors", 3, "--epochs", 4, "--batch-size", 64,
                 "--plot", tmp_path / "loss.png")
    assert is_png(tmp_path / "loss.png") and said["plot"] == str(tmp_path / "loss.png")
    lines = {line.get_label(): line.get_ydata() for line in drawn[0].get_lines()}
    assert list(lines["training"]) == [epoch["rmse"] for epoch in said["history"]]
    assert list(lines["held out"]) == [epoch["holdout_rmse"] for epoch in said["history"]]


def test_a_picture_that_cannot_be_is_refused_before_the_work(trained, tmp_path, capsys):
    for name, why in (("loss.what", "pictures of the kind '.what' are not known"), ("no/loss.png", "its folder does not exist")):
        code, _, err = run(capsys, "train", trained / "ratings.csv", "-o", tmp_path / "m", "--plot", tmp_path / name)
        assert code == 2 and why in err and not (tmp_path / "m").exists()
        for command in (["map", trained / "model"], ["evaluate", trained / "model", trained / "ratings.csv"]):
            code, _, err = run(capsys, *command, "--plot", tmp_path / name)
            assert code == 2 and why in err


def test_map_is_what_the_components_are(trained, tmp_path, capsys, drawn):
    model = CollabFilter.load(trained / "model")
    said = asked(capsys, "map", trained / "model", "-n", 12, "--titles", trained / "movies.csv", "--plot", tmp_path / "map.png")
    assert is_png(tmp_path / "map.png")
    busiest = np.argsort(-model.item_counts_, kind="stable")[:12]
    found = principal_components(model.factors_.item.numpy()[busiest])
    assert [row["item"] for row in said["items"]] == [model.items_[i] for i in busiest]
    assert [row["scores"] for row in said["items"]] == found.scores.tolist() and said["shares"] == found.shares.tolist()
    assert drawn[0].collections[0].get_offsets().tolist() == found.scores.tolist()
    shown = [text.get_text() for text in drawn[0].texts]
    assert shown[0] == f"Film {model.items_[busiest[0]]}" and len(set(shown)) == len(shown) > 3
    code, out, _ = run(capsys, "map", trained / "model", "-n", 4)
    assert code == 0 and "Component 2, " in out and out.count("\n") == 2 * (2 + 4)
    assert run(capsys, "map", trained / "model", "-n", "0")[0] == 2


def test_evaluate_draws_predicted_against_observed(trained, tmp_path, capsys, drawn):
    said = asked(capsys, "evaluate", trained / "model", trained / "ratings.csv", "--plot", tmp_path / "p.png")
    assert is_png(tmp_path / "p.png") and f"RMSE {said['rmse']:.4f}" in drawn[0].get_title()
    model = CollabFilter.load(trained / "model")
    known = model.holdout_ratings_      # what was learnt is left out
    predicted = model.predict(known)
    medians = [line.get_ydata()[0] for line in drawn[0].get_lines() if line.get_color() == "C3"]
    assert medians == pytest.approx([np.median(predicted[known.values == value]) for value in np.unique(known.values)])


def test_many_different_ratings_and_one(tmp_path):
    draw = np.random.default_rng(0)
    plots.plot_predicted(draw.random(500), draw.random(500), tmp_path / "many.png")
    plots.plot_predicted(np.array([3.0]), np.array([4.0]), tmp_path / "one.png")
    plots.plot_history([Epoch(1, 1.0, 1.0, 0.1)], tmp_path / "epoch.png")
    assert all(is_png(tmp_path / f"{name}.png") for name in ("many", "one", "epoch"))


def test_names_with_dollars_are_no_mathematics_and_none_covers_another(tmp_path, drawn):
    scores = np.zeros((3, 2))
    plots.plot_map(scores, ["$9.99", "a $ b $ c", "hidden"], tmp_path / "map.png")
    assert [text.get_text() for text in drawn[0].texts] == ["$9.99", "a $ b $ c"]  # right of the dot, and left of it


def test_a_folder_of_that_name(tmp_path):
    with pytest.raises(UserError, match="'map.png' cannot be drawn: is a directory"):
        (tmp_path / "map.png").mkdir()
        plots.plot_map(np.zeros((1, 2)), ["a"], tmp_path / "map.png")
