"""The coefficients of every AdamW step, and of many steps without a gradient at once.

Step t of AdamW on a parameter p with gradient g (Loshchilov & Hutter 2019), momentum m and squares v:

    m ← β_t m + (1 − β_t) g            v ← γ v + (1 − γ) g²
    p ← κ_t p − α_t · m / (√v + φ_t),   κ_t = 1 − lr_t·decay,  α_t = lr_t·√(1 − γ^t) / (1 − β_t^t),  φ_t = ε·√(1 − γ^t)

In a batch most rows have no rating, so g = 0. After s steps up to l with a rating, the steps l + 1 … t
without one change m to Π β · m, v to γ^(t − l) · v, and, where ε does not count beside √v,

    p ← Πκ · p − K · m / (√v + φ_(l+1)),   K = Σ_s α_s Π_(l<r≤s) (β_r / √γ) Π_(s<r≤t) κ_r

K needs no sum over the steps. With ρ_r = β_r / (√γ κ_r) and tails T_l = ρ_(l+1) (α_(l+1) + T_(l+1)), 0 at the end,

    K = Π_(l<r≤t) κ_r · (T_l − Π_(l<r≤t) ρ_r · T_t)

so a row that is touched again catches up with what it missed at the cost of one step, however many those were.
"""

from __future__ import annotations

import math

import numpy as np

from solver.core.optimizers import OPTIMIZERS
from solver.core.schedules import SCHEDULES
from solver.core.settings import Settings

SQUARES = OPTIMIZERS["adamw"].defaults(batches=True)["beta2"]  # γ, which the kernels are compiled with
SLOWEST_MOMENTUM = 0.95  # β, at most: as far as the schedules go
LARGEST_EPSILON = 1e-5  # ε, at most, so that it does not count beside √v

# the columns of a plan, a row a step
STEP, BETA, KEPT, FLOOR, LOG_BETA, LOG_KEPT, TAIL = range(7)


def adamw_table(settings: Settings, *, steps: int) -> np.ndarray:
    """(steps + 1, 7) float64: α_t, β_t, κ_t, φ_t, log Π_(r≤t) β_r, log Π_(r≤t) κ_r and T_t of every step t from 1."""
    table = np.zeros((steps + 1, 7))
    schedule, constants = SCHEDULES[settings.schedule], settings.constants
    factors, momenta = zip(*(schedule((t - 1) / steps) for t in range(1, steps + 1)))
    t, rates = np.arange(1, steps + 1), constants["lr"] * np.array(factors)
    betas = np.array([constants["beta1"] if momentum is None else momentum for momentum in momenta])
    corrected = np.sqrt(1 - SQUARES ** t)
    table[1:, STEP] = rates * corrected / (1 - betas ** t)
    table[1:, BETA], table[1:, KEPT] = betas, 1 - rates * settings.decay
    table[1:, FLOOR] = constants["eps"] * corrected
    table[1:, LOG_BETA], table[1:, LOG_KEPT] = np.cumsum(np.log(betas)), np.cumsum(np.log(table[1:, KEPT]))
    ratios = betas / (math.sqrt(SQUARES) * table[1:, KEPT])
    tail = 0.0
    for last in range(steps, 0, -1):
        tail = table[last - 1, TAIL] = ratios[last - 1] * (table[last, STEP] + tail)
    return table


def closed_form_holds(settings: Settings) -> bool:
    """Whether decay is slower than momentum, so that the tails above are sums of shrinking parts, and γ and ε are
    such as the kernels take."""
    constants = settings.constants
    return (constants["lr"] * settings.decay < 0.02 and 0 < constants["beta1"] <= SLOWEST_MOMENTUM
            and constants["beta2"] == SQUARES and constants["eps"] <= LARGEST_EPSILON)
