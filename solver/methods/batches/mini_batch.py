"""Fits in batches: each step sees a few ratings, drawn anew every epoch. This is plain torch, written to be read: tests
compare the fast methods with it. It also fits the net and implicit feedback."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce

import torch

from solver.core.implicit import Negatives, cross_entropy, with_negatives
from solver.core.objective import Judge
from solver.core.optimizers import OPTIMIZERS
from solver.core.schedules import SCHEDULES
from solver.core.steps import FitTask, Seen
from solver.model.models import into_range
from solver.model.net import NetFactors


def set_rate(optimizer: torch.optim.Optimizer, lr: float, momentum: float | None) -> None:
    """Set the learning rate of the steps to come, and their momentum (β₁), None leaving it as it is."""
    for group in optimizer.param_groups:
        group["lr"] = lr
        if momentum is not None and "betas" in group:
            group["betas"] = (momentum, group["betas"][1])


class MiniBatch:
    """Any optimizer of torch on batches of `settings.batch_size` ratings in random order."""

    first, to_the_end = 1, True

    def __init__(self, problem: FitTask):
        settings, device, ratings = problem.settings, problem.device, problem.ratings
        self.problem, self.method = problem, OPTIMIZERS[settings.optimizer]
        self.epochs = settings.epochs or self.method.batch_epochs
        constants = settings.constants
        self.lr, self.size = constants["lr"], settings.batch_size or len(ratings)
        leaves = {name: tensor.to(device, copy=True, memory_format=torch.contiguous_format).requires_grad_()
                  for name, tensor in problem.start.tensors().items()}
        self.parameters = problem.start.with_tensors(leaves)
        self.users, self.items = (torch.as_tensor(index, device=device)
                                  for index in (ratings.user_index, ratings.item_index))
        self.values = torch.as_tensor(ratings.values, dtype=problem.start.user.dtype, device=device)
        decay = settings.decay
        self.optimizer = self.method.over(list(leaves.values()),
                                          constants | ({"weight_decay": decay} if self.method.decoupled else {}))
        self.penalty = 0.0 if self.method.decoupled else decay
        self.generator = torch.Generator().manual_seed(int(settings.seed))
        self.on_device = torch.Generator(device).manual_seed(int(settings.seed))  # dropout's and the negatives'
        self.raw: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = self.parameters.raw
        if settings.dropout and isinstance(self.parameters, NetFactors):
            self.raw = partial(self.parameters.raw, thinned=self._thinned)
        self.negatives, held = None, problem.holdout
        if settings.loss == "cross-entropy" and settings.negatives:
            self.negatives = Negatives(ratings, power=settings.negatives_power, device=device)
            held = held and with_negatives(held, ratings, how_many=settings.negatives,
                                           power=settings.negatives_power, seed=settings.seed)
        self.judge = Judge.of(held, bounds=settings.bounds, clip=problem.clip, device=device) if held else None
        self.steps_done, self.steps_in_all = 0, self.epochs * math.ceil(len(ratings) / self.size)

    def step(self, *, last: bool) -> Seen:
        size = self.size
        order = self.new_order()
        loss, squares = torch.zeros((2,), dtype=torch.float64, device=self.values.device)
        seen = 0
        for first in range(0, len(order), size):
            self._follow_schedule()
            batch = order[first:first + size]
            batch_loss, mse, n = self.step_on(batch)
            squares += mse * n  # stays on the device: no waiting for it within an epoch
            loss += batch_loss * n
            seen += n
            if self.problem.on_batch:
                self.problem.on_batch(min(first + size, len(order)), len(order))
        here = self.parameters.map(torch.detach)
        return Seen(loss.item() / seen, math.sqrt(squares.item() / seen), lambda: here.map(torch.clone),
                    holdout_rmse=self.judge.rmse(here) if self.judge else None)

    def new_order(self) -> torch.Tensor:
        """The places of all ratings, shuffled."""
        device = self.values.device
        generator = self.on_device if device.type == "cuda" else self.generator  # 100 million take a CPU seconds
        return torch.randperm(len(self.values), generator=generator, device=generator.device).to(device)

    def set_rate(self, lr: float, momentum: float | None = None) -> None:
        """The learning rate of the steps to come, and their momentum (β₁), None leaving it as it is."""
        set_rate(self.optimizer, lr, momentum)

    def step_on(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Takes a step on the ratings in these places. Returns its loss, its mean squared error and its number of pairs."""
        settings = self.problem.settings
        users, items, values = self.users[batch], self.items[batch], self.values[batch]
        if self.negatives is not None:
            users, items, happened = self.negatives.beside(users, items, settings.negatives, self.on_device)
            values = happened.to(values.dtype)
        x = self.raw(users, items)
        mse = ((into_range(x, settings.bounds) - values) ** 2).mean()
        loss = cross_entropy(x, values) if settings.loss == "cross-entropy" else mse
        if self.penalty:
            loss = loss + self.penalty * self._squares(users, items)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach(), mse.detach(), len(users)

    def _thinned(self, x: torch.Tensor) -> torch.Tensor:
        """Dropout: sets some outputs to 0 and makes the others larger, so that their expected sum stays the same."""
        kept = 1 - (self.problem.settings.dropout or 0.0)
        return x * torch.empty_like(x).bernoulli_(kept, generator=self.on_device) / kept

    def _squares(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        """Mean over the batch of ‖p_u‖² + ‖q_i‖² + b_u² + b_i² (as in `objective`); of a net, the embeddings'."""
        rows = {"user": users, "user_bias": users, "item": items, "item_bias": items}
        squares = [(tensor[rows[name]] ** 2).sum() for name, tensor in self.parameters.tensors().items() if name in rows]
        return reduce(torch.add, squares) / len(users)

    def _follow_schedule(self) -> None:
        factor, momentum = SCHEDULES[self.problem.settings.schedule](self.steps_done / self.steps_in_all)
        self.set_rate(self.lr * factor, momentum)
        self.steps_done += 1
