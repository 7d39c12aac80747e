"""`trace`, held against torch's own optimizers, row by row, and against equations written once more."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
import torch

from solver import UserError, trace
from solver.tracing.update_rules import UPDATE_RULES
from workbook.optimizers.lesson_data import lesson_rows

ROWS = lesson_rows()
EPOCHS = 20
TORCH = {   # how torch spells each rule's constants, and where it keeps what it remembers
    "sgd": (torch.optim.SGD, {"lr": "lr", "weight_decay": "weight_decay"}, {}),
    "momentum": (torch.optim.SGD, {"lr": "lr", "momentum": "momentum", "dampening": "dampening", "weight_decay": "weight_decay"},
                 {"velocity": "momentum_buffer"}),
    "nesterov": (torch.optim.SGD, {"lr": "lr", "momentum": "momentum", "weight_decay": "weight_decay"}, {"velocity": "momentum_buffer"}),
    "adagrad": (torch.optim.Adagrad, {"lr": "lr", "eps": "eps", "weight_decay": "weight_decay"}, {"square": "sum"}),
    "rmsprop": (torch.optim.RMSprop, {"lr": "lr", "beta2": "alpha", "eps": "eps", "weight_decay": "weight_decay"}, {"square": "square_avg"}),
    **dict.fromkeys(("adam", "annealing", "eve"), (torch.optim.Adam, {"lr": "lr", "eps": "eps", "weight_decay": "weight_decay"},
                                                   {"mean": "exp_avg", "square": "exp_avg_sq"})),
    "adamw": (torch.optim.AdamW, {"lr": "lr", "eps": "eps", "weight_decay": "weight_decay"}, {"mean": "exp_avg", "square": "exp_avg_sq"}),
}
CASES = [(name, {}) for name in UPDATE_RULES] + [(name, {"weight_decay": 0.01}) for name in UPDATE_RULES] + [
    ("momentum", {"dampening": 0.0, "lr": 1e-5}), ("adam", {"lr": 0.05, "beta1": 0.8, "beta2": 0.999}), ("annealing", {"patience": 2.0, "lr": 0.5})]


def by_torch(name: str, settings: dict) -> dict[str, list[float]]:
    """The columns of a trace that torch's optimizer tells, by one step a row in double precision."""
    make, spelled, kept = TORCH[name]
    constants = {**UPDATE_RULES[name].settings, **settings}
    b, a = (torch.tensor(1.0, dtype=torch.float64, requires_grad=True) for _ in range(2))
    options = {theirs: constants[ours] for ours, theirs in spelled.items()}
    if "beta1" in constants:
        options["betas"] = constants["beta1"], constants["beta2"]
    optimizer = make([b, a], **options, **({"nesterov": True} if name == "nesterov" else {}), foreach=False)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=constants.get("factor", 0.5), patience=int(constants.get("patience", 0)),
                                                         threshold=0.0, eps=0.0)
    found: dict[str, list[float]] = {"errors": []}
    d, followed = 1.0, None
    for _ in range(EPOCHS):
        squares = []
        for x, y in ROWS:
            optimizer.zero_grad()
            loss = (b + a * x - y) ** 2
            loss.backward()
            squares.append(loss.item())
            optimizer.step()
            for which, p in (("b", b), ("a", a)):
                found.setdefault(f"gradient_{which}", []).append(p.grad.item())
                found.setdefault(f"next_{which}", []).append(p.item())
                for ours, theirs in kept.items():
                    found.setdefault(f"{ours}_{which}", []).append(optimizer.state[p][theirs].item())
        found["errors"].append(error := sqrt(np.mean(squares)))
        if name == "annealing":
            plateau.step(error)
        if name == "eve":   # lr·m/(d·√s + ε) is torch's Adam with lr/d and ε/d
            d, followed = eve_after(error, d, followed, constants)
            optimizer.param_groups[0].update(lr=constants["lr"] / d, eps=constants["eps"] / d)
    return found


def eve_after(error, d, followed, c):
    """Algorithm 1 of Koushik & Hayashi, an epoch for an iteration."""
    if followed is None:
        return d, error
    grows = error >= followed
    delta, capital = (1 + c["k"], 1 + c["K"]) if grows else (1 / (1 + c["K"]), 1 / (1 + c["k"]))
    new = min(max(delta, error / followed), capital) * followed
    return c["beta3"] * d + (1 - c["beta3"]) * abs(new - followed) / min(new, followed), new


@pytest.mark.parametrize("name, settings", CASES, ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value)) or "defaults")
def test_every_number_is_torchs(name, settings):
    ours, theirs = trace(name, ROWS, settings, epochs=EPOCHS), by_torch(name, settings)
    assert ours.errors == pytest.approx(theirs.pop("errors"), rel=1e-12)
    for column, numbers in theirs.items():
        largest = np.abs(numbers).max()     # a derivative near the minimum is a difference of large numbers
        np.testing.assert_allclose(ours.columns[column], numbers, rtol=1e-12, atol=1e-12 * max(1.0, largest), err_msg=column)


def test_the_lessons_numbers():
    """The error of the lesson's sheet lacks the division by the number of rows."""
    errors = trace("sgd", ROWS, epochs=6).errors * sqrt(len(ROWS))
    assert errors.round(3).tolist() == [150.755, 105.663, 105.456, 105.248, 105.042, 104.835]


def test_finite_differences_are_near_the_derivatives():
    columns = trace("sgd", ROWS).columns
    # (e(p + h) − e(p))/h exceeds the derivative of a square by h times its curvature's half
    assert columns["estimate_b"] - columns["gradient_b"] == pytest.approx(np.full(len(ROWS), 0.01), abs=1e-8)
    assert columns["estimate_a"] - columns["gradient_a"] == pytest.approx(0.01 * columns["x"] ** 2, rel=1e-6)


@pytest.mark.parametrize("name", ["adagrad", "rmsprop", "adam", "adamw", "annealing", "eve"])
def test_epsilon_stands_inside_the_root_where_it_is_put(name):
    c = {**UPDATE_RULES[name].settings, "eps": 0.5, "eps_inside": 1.0}
    columns = trace(name, ROWS[:1], {"eps": 0.5, "eps_inside": 1.0}).columns
    g = columns["gradient_b"][0]
    square = {"adagrad": g ** 2, "rmsprop": (1 - c.get("beta2", 0)) * g ** 2}.get(name, g ** 2)     # corrected: g² after one step
    decayed = 1 - c["lr"] * c["weight_decay"] if name == "adamw" else 1
    assert columns["next_b"][0] == pytest.approx(decayed - c["lr"] * g / sqrt(square + 0.5), rel=1e-12)


def test_without_bias_correction_adams_first_step_is_larger():
    """m = 0.1·g over √(0.01·g²) is 1, but with β₁ = 0.9 and β₂ = 0.999 it is √10."""
    settings = {"lr": 1.0, "beta1": 0.9, "beta2": 0.999, "eps": 0.0}
    assert trace("adam", ROWS[:1], settings).end[0] == pytest.approx(2.0, abs=1e-12)
    assert trace("adam", ROWS[:1], {**settings, "bias_correction": 0.0}).end[0] == pytest.approx(1 + sqrt(10), abs=1e-12)


@pytest.mark.parametrize("arguments, told", [
    (("adamax", ROWS), "no update rule 'adamax'. Choose one of sgd"),
    (("sgd", ROWS, {"beta1": 0.9}), "sgd has no setting 'beta1'. It has lr, weight_decay."),
    (("sgd", ROWS, {"lr": float("nan")}), "Give a finite number"),
    (("sgd", [(1, 2, 3)]), "rows of two finite numbers"),
    (("sgd", []), "rows of two finite numbers"),
    (("adagrad", [(0.0, 1.0)], {"eps": 0.0}), "step 1 divides by 0. Choose an eps above 0."),
    (("sgd", ROWS, {"lr": 1.0}), "grow without end. Choose a smaller lr than 1."),
])
def test_what_cannot_be_traced_is_refused(arguments, told):
    with pytest.raises(UserError, match=told.replace(".", r"\.")):
        trace(*arguments, epochs=60)
