"""Joins factors and biases into one matrix a side, so that one product gives all predictions.

    [p_u, b_u, 1] · [q_i, 1, b_i] = p_u · q_i + b_u + b_i
"""

from __future__ import annotations

import torch
from torch import Tensor

from .factors import Factors


def wide_rows(factors: Factors) -> tuple[Tensor, Tensor]:
    """(n_users, k + 2) and (n_items, k + 2), or the factors themselves where there are no biases."""
    if factors.user_bias is None or factors.item_bias is None:
        return factors.user, factors.item
    return (torch.cat([factors.user, factors.user_bias[:, None], factors.user.new_ones(len(factors.user), 1)], 1),
            torch.cat([factors.item, factors.item.new_ones(len(factors.item), 1), factors.item_bias[:, None]], 1))
