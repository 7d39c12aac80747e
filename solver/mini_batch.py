"""Batches: each step sees a few ratings, drawn anew every epoch. Plain torch, to be read; it is what
the fast paths are compared with."""

from __future__ import annotations

import math

import torch

from .factors import Factors
from .model import predict
from .objective import rmse
from .optimizers import OPTIMIZERS
from .schedules import SCHEDULES
from .steps import Problem, Seen


class MiniBatch:
    """Any optimizer of torch on batches of `settings.batch_size` ratings in random order."""

    first, to_the_end = 1, True

    def __init__(self, problem: Problem):
        settings, device, ratings = problem.settings, problem.device, problem.ratings
        self.problem, self.method = problem, OPTIMIZERS[settings.optimizer]
        self.epochs = settings.epochs or self.method.batch_epochs
        self.lr = float(settings.lr) if settings.lr else self.method.batch_lr
        leaves = {name: tensor.to(device, copy=True).requires_grad_()
                  for name, tensor in problem.start.tensors().items()}
        self.parameters = Factors(**leaves, offset=problem.start.offset)
        self.users, self.items = (torch.as_tensor(index, device=device)
                                  for index in (ratings.user_index, ratings.item_index))
        self.values = torch.as_tensor(ratings.values, dtype=problem.start.user.dtype, device=device)
        self.optimizer = self.method.make(list(leaves.values()), self.lr, float(settings.weight_decay))
        self.penalty = 0.0 if self.method.decoupled else float(settings.weight_decay)
        self.generator = torch.Generator().manual_seed(int(settings.seed))
        self.steps_done, self.steps_in_all = 0, self.epochs * math.ceil(len(ratings) / settings.batch_size)

    def step(self, *, last: bool) -> Seen:
        size, settings = self.problem.settings.batch_size, self.problem.settings
        order = torch.randperm(len(self.values), generator=self.generator).to(self.values.device)
        loss, squares = torch.zeros((2,), dtype=torch.float64, device=self.values.device)
        for first in range(0, len(order), size):
            self._set_rate()
            batch = order[first:first + size]
            users, items = self.users[batch], self.items[batch]
            error = predict(self.parameters, users, items, bounds=settings.bounds) - self.values[batch]
            mse = (error ** 2).mean()
            batch_loss = mse + self.penalty * self._squares(users, items) if self.penalty else mse
            self.optimizer.zero_grad()
            batch_loss.backward()
            self.optimizer.step()
            squares += mse.detach() * len(batch)  # stays on the device: no waiting for it within an epoch
            loss += batch_loss.detach() * len(batch)
            if self.problem.on_batch:
                self.problem.on_batch(min(first + size, len(order)), len(order))
        here, held = self.parameters.map(torch.detach), self.problem.holdout
        return Seen(loss.item() / len(order), math.sqrt(squares.item() / len(order)), lambda: here.map(torch.clone),
                    holdout_rmse=rmse(here, held, bounds=settings.bounds, clip=self.problem.clip) if held else None)

    def _squares(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        """Mean over the batch of ‖p_u‖² + ‖q_i‖² + b_u² + b_i² (as in `objective`)."""
        rows = {"user": users, "user_bias": users, "item": items, "item_bias": items}
        return sum((tensor[rows[name]] ** 2).sum() for name, tensor in self.parameters.tensors().items()) / len(users)

    def _set_rate(self) -> None:
        factor, momentum = SCHEDULES[self.problem.settings.schedule](self.steps_done / self.steps_in_all)
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * factor
            if momentum is not None and "betas" in group:
                group["betas"] = (momentum, group["betas"][1])
        self.steps_done += 1
