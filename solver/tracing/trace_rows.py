"""Walks through the data a row at a time, as the optimizer workbook does, and writes down every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

import numpy as np

from solver.errors import UserError

from .update_rules import UPDATE_RULES, UpdateRule

NUDGE = 0.01    # of the finite differences, as in the lesson


@dataclass(frozen=True)
class Trace:
    """What a training run went through.

    `columns` hold a number for every step, (epochs · rows,), by name: ``x``, ``y``; ``b`` and ``a`` before the step;
    ``prediction`` and ``squared_error``; ``nudged_b``, ``nudged_a`` (the squared error with b or a moved by 0.01) and the
    slopes by them, ``estimate_b``, ``estimate_a``; the derivatives ``gradient_b``, ``gradient_a``; ``t``; what the rule
    remembers, such as ``mean_b``; and ``next_b``, ``next_a``. `errors` are the RMSE of each epoch, (epochs,): of predictions
    made on the way, each by the parameters of its row. `between` are the constants that change from epoch to epoch, (epochs,),
    as they were during each. `end` is (b, a).
    """

    columns: Mapping[str, np.ndarray]
    errors: np.ndarray
    between: Mapping[str, np.ndarray]
    end: tuple[float, float]


def trace(optimizer: str, rows: Sequence[Sequence[float]], settings: Mapping[str, float] | None = None, *, epochs: int = 1,
          start: tuple[float, float] = (1.0, 1.0)) -> Trace:
    """Fit y = a·x + b to `rows` of (x, y), a row a step, by one of `UPDATE_RULES`, from `start` = (b, a).

    `settings` change the constants of the rule. Raises UserError for an unknown optimizer or setting, for a value that
    is no finite number, and where the numbers grow without end.
    """
    rule = _rule(optimizer)
    constants: dict[str, Any] = {**rule.settings, **_checked(optimizer, rule, settings or {})}
    constants |= rule.between
    if "lr_now" in constants:
        constants["lr_now"] = constants["lr"]
    data = _checked_rows(rows)
    if epochs < 1:
        raise UserError(f"epochs is {epochs}. Give a whole number of 1 or more.")
    b, a = map(float, start)
    steps: list[dict[str, float]] = []
    errors, between = [], []
    memory = {"b": (0.0,) * len(rule.memory), "a": (0.0,) * len(rule.memory)}
    for _ in range(epochs):
        between.append({name: constants[name] for name in rule.between})
        for x, y in data:
            try:
                step, memory = _one_step(rule, constants, x, y, (b, a), memory, len(steps) + 1)
                b, a = step["next_b"], step["next_a"]
                if not (isfinite(b) and isfinite(a)):
                    raise OverflowError
            except OverflowError:
                raise UserError(f"{optimizer}: after {len(steps)} steps the numbers grow without end. Choose a smaller lr "
                                f"than {constants['lr']:g}.") from None
            except ZeroDivisionError:
                raise UserError(f"{optimizer}: step {len(steps) + 1} divides by 0. Choose an eps above 0.") from None
            steps.append(step)
        errors.append(sqrt(sum(step["squared_error"] for step in steps[-len(data):]) / len(data)))
        if rule.after_epoch:
            constants |= rule.after_epoch(constants, errors[-1])
    return Trace(_columns(steps), np.array(errors), _columns(between), (b, a))


def _one_step(rule: UpdateRule, constants: Mapping[str, float], x: float, y: float, parameters: tuple[float, float],
              memory: dict, t: int) -> tuple[dict[str, float], dict]:
    """The numbers of one row, by name, and what is remembered after it."""
    b, a = parameters
    prediction = b + a * x
    error = prediction - y
    nudged_b, nudged_a = ((b + NUDGE) + x * a - y) ** 2, ((a + NUDGE) * x + b - y) ** 2
    gradient_b = 2 * error              # of (b + a·x − y)² by b
    gradient_a = gradient_b * x         # and by a
    next_b, memory_b = rule.step(b, gradient_b, memory["b"], t, constants)
    next_a, memory_a = rule.step(a, gradient_a, memory["a"], t, constants)
    remembered = {f"{name}_{which}": value for which, values in (("b", memory_b), ("a", memory_a))
                  for name, value in zip(rule.memory, values)}
    return {"x": x, "y": y, "b": b, "a": a, "prediction": prediction, "squared_error": error ** 2,
            "nudged_b": nudged_b, "estimate_b": (nudged_b - error ** 2) / NUDGE,
            "nudged_a": nudged_a, "estimate_a": (nudged_a - error ** 2) / NUDGE,
            "gradient_b": gradient_b, "gradient_a": gradient_a, "t": float(t), **remembered,
            "next_b": next_b, "next_a": next_a}, {"b": memory_b, "a": memory_a}


def _columns(rows: Sequence[Mapping[str, float | None]]) -> dict[str, np.ndarray]:
    return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}


def _rule(optimizer: str) -> UpdateRule:
    try:
        return UPDATE_RULES[optimizer]
    except KeyError:
        raise UserError(f"There is no update rule '{optimizer}'. Choose one of {', '.join(UPDATE_RULES)}.") from None


def _checked(optimizer: str, rule: UpdateRule, settings: Mapping[str, float]) -> dict[str, float]:
    for name, value in settings.items():
        if name not in rule.settings:
            raise UserError(f"{optimizer} has no setting '{name}'. It has {', '.join(rule.settings)}.")
        if not isfinite(value):
            raise UserError(f"{optimizer}: {name} is {value}. Give a finite number.")
    return {name: float(value) for name, value in settings.items()}


def _checked_rows(rows: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    table = np.asarray(rows, dtype=float)
    if table.ndim != 2 or table.shape[1] != 2 or not len(table) or not np.isfinite(table).all():
        raise UserError(f"The rows are a table of {' × '.join(map(str, table.shape))}. Give one or more rows of two finite numbers, x and y.")
    return [(x, y) for x, y in table.tolist()]
