"""The gradient of an epoch in a few numbers: how long it is, and how many of its derivatives are how large."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LEAST_POWER, _MOST_POWER = -8, 0     # powers of ten: derivatives below the first are counted together, and so are those from the last one on


@dataclass(frozen=True)
class GradientSeen:
    """`norms` are Euclidean, one for each block of parameters, by its name in `Factors`. `counts` say how many |∂loss/∂θ| are
    below 1e-8, then below 1e-7 and so on, at last how many are 1 or more: a histogram by powers of ten."""

    norms: Mapping[str, float]
    counts: tuple[int, ...]

    @property
    def norm(self) -> float:
        """Of all parameters together."""
        return math.hypot(*self.norms.values())


def gradient_seen(gradients: Mapping[str, Tensor | None], scale: float = 1.0) -> GradientSeen:
    """What is noted of the gradients of `scale` times the loss; a parameter that the loss does not depend on has none."""
    import torch

    known = {name: gradient.detach() for name, gradient in gradients.items() if gradient is not None}
    norms = torch.stack([torch.linalg.vector_norm(gradient) for gradient in known.values()]) / scale
    sizes = torch.cat([gradient.reshape(-1) for gradient in known.values()]).abs() / scale
    powers = torch.log10(sizes).floor().clamp(LEAST_POWER - 1, _MOST_POWER).nan_to_num(_MOST_POWER).long() - (LEAST_POWER - 1)
    return GradientSeen(dict(zip(known, norms.tolist())), tuple(torch.bincount(powers, minlength=len(COUNTED)).tolist()))


COUNTED = (f"< 1e{LEAST_POWER}", *(f"1e{power}" for power in range(LEAST_POWER, _MOST_POWER)), "≥ 1")     # what each of the counts is of
