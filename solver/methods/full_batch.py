"""Full batch: each step sees every rating, so loss and gradient are exact."""

from __future__ import annotations

import math

import numpy as np
import torch

from solver.core.gradients import GradientSeen, gradient_seen
from solver.core.objective import Judge, Objective
from solver.core.optimizers import OPTIMIZERS
from solver.core.settings import Settings
from solver.core.steps import FitTask, Seen
from solver.data.ratings import Ratings
from solver.model.net import AnyFactors


class FullBatch:
    """The optimizers of torch, driven as ``step(closure)``."""

    first = 0

    def __init__(self, problem: FitTask):
        settings, device = problem.settings, problem.device
        self.problem, self.method = problem, OPTIMIZERS[settings.optimizer]
        constants = _constants(settings, problem.ratings)
        self.leaves = {name: tensor.to(device, copy=True, memory_format=torch.contiguous_format).requires_grad_()
                       for name, tensor in problem.start.tensors().items()}
        self.parameters = problem.start.with_tensors(self.leaves)
        self.objective = Objective.of(problem.ratings, bounds=settings.bounds, device=device,
                                      weight_decay=0.0 if self.method.decoupled else settings.decay,
                                      dtype=self.leaves["user"].dtype)
        held = problem.holdout
        self.judge = Judge.of(held, bounds=settings.bounds, clip=problem.clip, device=device) if held else None
        self.lr = constants.get("lr")
        self.optimizer = self.method.over(list(self.leaves.values()), constants)
        self.epochs = settings.most_epochs
        # Decay that is not in the loss: what is sought is where it ends, not the least loss on the way.
        self.to_the_end = self.method.decoupled and settings.decay > 0
        self._seen: list[float] = []
        self._gradient: GradientSeen | None = None

    def step(self, *, last: bool) -> Seen:
        here = self.parameters.map(lambda leaf: leaf.detach().clone())
        self._seen.clear()
        if last:  # no step left: only look where the last one led
            self._closure()
        else:
            self.optimizer.step(self._closure)
            if self.to_the_end:
                self._pull_to_the_mean(here)
        loss, mse, slope = self._seen
        return Seen(loss, math.sqrt(mse) if mse >= 0 else math.nan, lambda: here, slope,
                    self.judge.rmse(here) if self.judge else None, gradient=self._gradient)

    @torch.no_grad()
    def _pull_to_the_mean(self, before: AnyFactors) -> None:
        """The optimizer's own decay has pulled biases to 0; the average user and item stay as they were (`objective`)."""
        for name, mean in self.objective.mean_biases(before).items():
            self.leaves[name] += (self.lr or 0.0) * self.problem.settings.decay * mean

    def _closure(self) -> float:
        self.optimizer.zero_grad()
        mse = self.objective.mean_squared_error(self.parameters)
        loss = mse + self.objective.penalty(self.parameters)
        scaled = self.method.loss_scale * loss
        scaled.backward()
        if not self._seen:  # the first call of a step is at the point where the step begins
            slope = max(float(leaf.grad.abs().max()) for leaf in self.leaves.values() if leaf.grad is not None)
            self._seen.extend((loss.item(), mse.item(), slope / self.method.loss_scale))
            if self.problem.settings.note_gradients:
                self._gradient = gradient_seen({name: leaf.grad for name, leaf in self.leaves.items()}, self.method.loss_scale)
        return scaled.item()


def _constants(settings: Settings, ratings: Ratings) -> dict[str, float]:
    """The optimizer's constants; a default learning rate by the busiest row, where the optimizer wants it so."""
    method, constants = OPTIMIZERS[settings.optimizer], settings.constants
    if method.per_row and settings.lr is None:
        busiest = max(np.bincount(ratings.user_index).max(), np.bincount(ratings.item_index).max())
        constants["lr"] *= len(ratings) / float(busiest)
    return constants | ({"weight_decay": settings.decay} if method.decoupled else {})
