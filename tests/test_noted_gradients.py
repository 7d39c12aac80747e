"""What is noted of the gradient of every epoch: its norms and a histogram, by every method, in a model folder, in a picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pictures import drawn, is_png  # noqa: F401  (a fixture)
from planted import planted
from trained_model import asked, run, trained  # noqa: F401  (a fixture)

from solver import CollabFilter, Settings, UserError, fit
from solver.core.gradients import COUNTED, gradient_seen
from solver.core.objective import Objective

WAYS = ({}, {"optimizer": "adam", "epochs": 20}, {"optimizer": "als", "epochs": 5}, {"optimizer": "adamw", "batch_size": 16, "weight_decay": 0.1},
        {"optimizer": "sgd", "batch_size": 1, "weight_decay": 0.02, "epochs": 4}, {"optimizer": "gibbs", "epochs": 6},
        {"model": "net", "epochs": 3})


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())) or "lbfgs")
def test_it_is_the_gradient_of_the_loss_and_changes_no_number(way):
    """At the factors of the epoch: full batch before its step, in batches at its end."""
    ratings, low = planted(12, 9), {"low": 0, "high": 6} if way.get("model") == "net" else {}
    settings, seen = Settings(**way, **low, note_gradients=True), []
    told = fit(ratings, settings=settings, on_factors=lambda look: seen.append(look()))
    without = fit(ratings, settings=Settings(**way, **low))
    assert without.rmse_after == told.rmse_after and all(epoch.gradient is None for epoch in without.history)
    objective = Objective.of(ratings, bounds=settings.bounds, weight_decay=0 if settings.optimizer == "adamw" else settings.decay)
    for epoch, factors in zip(told.history, seen, strict=True):
        leaves = factors.map(lambda tensor: tensor.detach().requires_grad_())
        (objective.mean_squared_error(leaves) + objective.penalty(leaves)).backward()
        gradients = {name: leaf.grad for name, leaf in leaves.tensors().items()}
        assert epoch.gradient.norms == pytest.approx({name: float(gradient.norm()) for name, gradient in gradients.items()}, abs=1e-12)
        assert sum(epoch.gradient.counts) == sum(gradient.numel() for gradient in gradients.values())
        assert epoch.gradient.norm == pytest.approx(float(torch.cat([g.ravel() for g in gradients.values()]).norm()))


def test_derivatives_are_counted_by_powers_of_ten():
    found = gradient_seen({"user": torch.tensor([0.0, 1e-12, 3e-8, -0.5, 7.0]), "item": None})
    assert dict(zip(COUNTED, found.counts)) == dict.fromkeys(COUNTED, 0) | {"< 1e-8": 2, "1e-8": 1, "1e-1": 1, "≥ 1": 1}
    assert gradient_seen({"user": torch.tensor([np.inf, np.nan])}).counts[-1] == 2


def test_a_model_folder_keeps_it(tmp_path):
    model = CollabFilter(3, optimizer="adam", epochs=4, note_gradients=True).fit(planted(12, 9))
    model.save(tmp_path / "model")
    assert CollabFilter.load(tmp_path / "model").result_.history == model.result_.history
    assert all(epoch.gradient for epoch in model.result_.history)


def test_train_draws_it(trained, tmp_path, capsys, drawn):
    said = asked(capsys, "train", trained / "ratings.csv", "-o", tmp_path / "m", "--factors", 3, "--epochs", 4, "--batch-size", 64,
                 "--plot-gradients", tmp_path / "gradients.png")
    assert is_png(tmp_path / "gradients.png") and said["plot_gradients"] == str(tmp_path / "gradients.png")
    lines = {line.get_label(): list(line.get_ydata()) for line in drawn[0].get_lines()}
    assert lines["user bias"] == [epoch["gradient"]["norms"]["user_bias"] for epoch in said["history"]]


def test_where_none_is_noted_a_sentence_says_so(trained, tmp_path, capsys):
    with pytest.raises(UserError, match="note_gradients is True, and the loss cross-entropy does not use it. Leave note_gradients out, or choose a loss that"):
        Settings(loss="cross-entropy", model="bounded", low=0, high=1, batch_size=8, optimizer="adamw", note_gradients=True)
    with pytest.raises(UserError, match="note_gradients is True, and a module is fitted"):
        fit(planted(5, 4), torch.nn.Linear(2, 1), Settings(note_gradients=True))
    code, _, err = run(capsys, "train", trained / "ratings.csv", "-o", tmp_path / "m", "--learn-on", trained / "model", "--plot-gradients", tmp_path / "g.png")
    assert code == 2 and "Leave out --plot-gradients" in err
