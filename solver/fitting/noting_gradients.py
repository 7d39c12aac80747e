"""Steps that note the gradient of every epoch, whatever their method computes by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from solver.core.gradients import GradientSeen, gradient_seen
from solver.core.objective import Objective
from solver.core.optimizers import OPTIMIZERS
from solver.core.steps import FitTask, Seen, Steps
from solver.model.net import AnyFactors


class NotingGradients:
    """Where the method computes no gradient of all ratings it is taken at the end of each epoch, which costs about one pass more.
    `in_their_units` gives the factors as they predict the ratings of the task."""

    def __init__(self, steps: Steps, task: FitTask, in_their_units: Callable[[AnyFactors], AnyFactors]):
        self.steps, self.task, self.in_their_units = steps, task, in_their_units
        self.first, self.epochs, self.to_the_end, self.lr = steps.first, steps.epochs, steps.to_the_end, steps.lr

    def step(self, *, last: bool) -> Seen:
        seen = self.steps.step(last=last)
        return seen if seen.gradient else replace(seen, gradient=self._at(self.in_their_units(seen.factors())))

    @cached_property
    def _objective(self) -> Objective:
        settings = self.task.settings
        return Objective.of(self.task.ratings, bounds=settings.bounds, device=self.task.device, dtype=self.task.start.user.dtype,
                            weight_decay=0.0 if OPTIMIZERS[settings.optimizer].decoupled else settings.decay)

    def _at(self, factors: AnyFactors) -> GradientSeen:
        leaves = factors.map(lambda tensor: tensor.detach().to(self.task.device).requires_grad_())
        (self._objective.mean_squared_error(leaves) + self._objective.penalty(leaves)).backward()
        return gradient_seen({name: leaf.grad for name, leaf in leaves.tensors().items()})
