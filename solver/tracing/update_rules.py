"""How an optimizer takes one step for one parameter: one table of update rules, in the letters of their papers.

p is the parameter, g the derivative of the row's error by it, t the number of the step, counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sqrt

Constants = Mapping[str, float]
Memory = tuple[float, ...]


@dataclass(frozen=True)
class UpdateRule:
    """A row of the table.

    `settings` are its constants with their defaults, which suit the lesson's data. `memory` names what it remembers of
    each parameter from step to step, 0 at first. `step(p, g, memory, t, constants)` gives the next p and memory.
    `between` are constants that change after each epoch, with their values before the first; `after_epoch(constants,
    error)` gives the next ones from the RMSE of the epoch. None is: not known yet.
    """

    title: str
    settings: Constants
    step: Callable[[float, float, Memory, int, Constants], tuple[float, Memory]]
    memory: tuple[str, ...] = ()
    between: Mapping[str, float | None] = field(default_factory=dict)
    after_epoch: Callable[[Constants, float], dict] | None = None


def _with_decay(p: float, g: float, c: Constants) -> float:
    """The derivative with that of the penalty ½·decay·p²."""
    return g + c["weight_decay"] * p


def _root(square: float, c: Constants) -> float:
    """√square + ε, or √(square + ε) where ε stands inside the root."""
    return sqrt(square + c["eps"]) if c["eps_inside"] else sqrt(square) + c["eps"]


def _sgd(p, g, memory, t, c):
    return p - c["lr"] * _with_decay(p, g, c), memory


def _momentum(p, g, memory, t, c):
    """torch's SGD with momentum: the first step takes the whole gradient, the later ones (1 − dampening) of it."""
    g = _with_decay(p, g, c)
    velocity = g if t == 1 else c["momentum"] * memory[0] + (1 - c["dampening"]) * g
    return p - c["lr"] * velocity, (velocity,)


def _nesterov(p, g, memory, t, c):
    """Sutskever et al. 2013, as torch writes it: the step looks ahead by one more velocity."""
    g = _with_decay(p, g, c)
    velocity = c["momentum"] * memory[0] + g
    return p - c["lr"] * (g + c["momentum"] * velocity), (velocity,)


def _adagrad(p, g, memory, t, c):
    """Duchi, Hazan & Singer 2011."""
    g = _with_decay(p, g, c)
    total = memory[0] + g ** 2
    return p - c["lr"] * g / _root(total, c), (total,)


def _rmsprop(p, g, memory, t, c):
    """Tieleman & Hinton 2012."""
    g = _with_decay(p, g, c)
    square = c["beta2"] * memory[0] + (1 - c["beta2"]) * g ** 2
    return p - c["lr"] * g / _root(square, c), (square,)


def _moments(g: float, memory: Memory, t: int, c: Constants) -> tuple[float, float, Memory]:
    """Adam's two means, corrected for their start at 0 (unless that is switched off), and as they are remembered."""
    mean = c["beta1"] * memory[0] + (1 - c["beta1"]) * g
    square = c["beta2"] * memory[1] + (1 - c["beta2"]) * g ** 2
    if not c["bias_correction"]:
        return mean, square, (mean, square)
    return mean / (1 - c["beta1"] ** t), square / (1 - c["beta2"] ** t), (mean, square)


def _adam(p, g, memory, t, c):
    """Kingma & Ba 2015."""
    mean, square, memory = _moments(_with_decay(p, g, c), memory, t, c)
    return p - c["lr"] * mean / _root(square, c), memory


def _adamw(p, g, memory, t, c):
    """Loshchilov & Hutter 2019: the weight decay pulls at p itself and is in no mean."""
    mean, square, memory = _moments(g, memory, t, c)
    return p * (1 - c["lr"] * c["weight_decay"]) - c["lr"] * mean / _root(square, c), memory


def _eve(p, g, memory, t, c):
    """Koushik & Hayashi 2016: Adam with its rate divided by d, which grows while the error jumps from epoch to epoch."""
    mean, square, memory = _moments(_with_decay(p, g, c), memory, t, c)
    scaled = c["d"] * sqrt(square + c["eps"]) if c["eps_inside"] else c["d"] * sqrt(square) + c["eps"]
    return p - c["lr"] * mean / scaled, memory


def _anneal(c: Constants, error: float) -> dict:
    """torch's ReduceLROnPlateau: more than `patience` epochs without a better error multiply the rate by `factor`."""
    if c["best"] is None or error < c["best"]:
        return {"lr_now": c["lr_now"], "best": error, "worse": 0.0}
    if c["worse"] + 1 > c["patience"]:
        return {"lr_now": c["lr_now"] * c["factor"], "best": c["best"], "worse": 0.0}
    return {"lr_now": c["lr_now"], "best": c["best"], "worse": c["worse"] + 1}


def _feedback(c: Constants, error: float) -> dict:
    """Eve's d after an epoch. The error is followed in bounds: by k at least and by K at most of itself."""
    before = c["followed"]
    if not before:
        return {"d": c["d"], "followed": error}
    ratio = error / before
    low, high = (c["k"] + 1, c["K"] + 1) if error >= before else (1 / (c["K"] + 1), 1 / (c["k"] + 1))
    followed = before * min(max(low, ratio), high)
    change = abs(followed - before) / min(followed, before)
    return {"d": c["beta3"] * c["d"] + (1 - c["beta3"]) * change, "followed": followed}


_DECAY = {"weight_decay": 0.0}
_ROOT = {"eps": 1e-8, "eps_inside": 0.0}
_ADAM = {"lr": 0.2, "beta1": 0.9, "beta2": 0.99, **_ROOT, "bias_correction": 1.0, **_DECAY}

UPDATE_RULES = {
    "sgd": UpdateRule("SGD", {"lr": 1e-4, **_DECAY}, _sgd),
    "momentum": UpdateRule("Momentum", {"lr": 1e-4, "momentum": 0.9, "dampening": 0.9, **_DECAY}, _momentum, ("velocity",)),
    "nesterov": UpdateRule("Nesterov momentum", {"lr": 1e-5, "momentum": 0.9, **_DECAY}, _nesterov, ("velocity",)),
    "adagrad": UpdateRule("Adagrad", {"lr": 3.0, "eps": 1e-10, "eps_inside": 0.0, **_DECAY}, _adagrad, ("square",)),
    "rmsprop": UpdateRule("RMSprop", {"lr": 0.1, "beta2": 0.9, **_ROOT, **_DECAY}, _rmsprop, ("square",)),
    "adam": UpdateRule("Adam", _ADAM, _adam, ("mean", "square")),
    "adamw": UpdateRule("AdamW", {**_ADAM, "weight_decay": 1e-4}, _adamw, ("mean", "square")),
    "annealing": UpdateRule("Adam with annealing", {**_ADAM, "factor": 0.5, "patience": 0.0},
                            lambda p, g, memory, t, c: _adam(p, g, memory, t, {**c, "lr": c["lr_now"]}), ("mean", "square"),
                            {"lr_now": None, "best": None, "worse": 0.0}, _anneal),
    "eve": UpdateRule("Eve", {**_ADAM, "beta3": 0.9, "k": 0.1, "K": 10.0}, _eve, ("mean", "square"),
                      {"d": 1.0, "followed": None}, _feedback),
}
