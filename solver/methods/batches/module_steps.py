"""Fits any torch module of (users, items) → predictions, on all ratings at once or in batches. It is plain torch: the module is
called, the mean squared error is differentiated by autograd, and an optimizer of the table takes the step."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from solver.core.optimizers import OPTIMIZERS
from solver.core.schedules import SCHEDULES
from solver.core.settings import Settings
from solver.core.steps import Seen
from solver.data.ratings import Ratings
from solver.model.models import Bounds

from .mini_batch import set_rate

Rated = tuple[Tensor, Tensor, Tensor]     # users, items and values (n,)
JUDGED_AT_ONCE = 65_536     # predictions that are made together where nothing is learnt from them


def calling(module: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """(users, items) → predictions (n,). A module whose `forward` takes one tensor is given both side by side, as an (n, 2)
    tensor, in fast.ai's way."""
    needed = [parameter for parameter in inspect.signature(module.forward).parameters.values()
              if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD]
    if len(needed) == 1 and needed[0].kind is not inspect.Parameter.VAR_POSITIONAL:
        return lambda users, items: module(torch.stack([users, items], 1)).reshape(-1)
    return lambda users, items: module(users, items).reshape(-1)


def rmse_of_module(module: nn.Module, rated: Rated, *, clip: Bounds = None) -> float:
    """RMSE of a module as it is, on the device of these ratings; it is left ready to predict."""
    users, items, values = rated
    predict = calling(module.eval())
    with torch.no_grad():
        predicted = torch.cat([predict(*pairs) for pairs in zip(users.split(JUDGED_AT_ONCE), items.split(JUDGED_AT_ONCE))])
    if clip is not None:
        predicted = predicted.clamp(*clip)
    return math.sqrt(float(((predicted - values).double() ** 2).mean()))


class ModuleSteps:
    """Any optimizer of torch on the parameters of `module`, which it changes.

    The loss is the mean of (r − r̂)² plus λ/2 · Σθ² over all parameters θ, λ = ``settings.weight_decay``, which is what torch calls
    weight decay; adamw takes λ decoupled. Dropout and the like work while the module learns, and not while it is judged.
    """

    def __init__(self, module: nn.Module, ratings: Ratings, settings: Settings, *, device: str = "cpu",
                 holdout: Ratings | None = None, clip: Bounds = None, on_batch: Callable[[int, int], None] | None = None):
        self.module, self.settings, self.clip, self.on_batch = module.to(device), settings, clip, on_batch
        self.predict, self.method = calling(self.module), OPTIMIZERS[settings.optimizer]
        self.leaves = [parameter for parameter in self.module.parameters() if parameter.requires_grad]
        dtype = self.leaves[0].dtype

        def on_device(given: Ratings) -> Rated:
            users, items = (torch.as_tensor(index, dtype=torch.int64, device=device)
                            for index in (given.user_index, given.item_index))
            return users, items, torch.as_tensor(given.values, dtype=dtype, device=device)

        self.rated, self.held = on_device(ratings), None if holdout is None else on_device(holdout)
        constants, decay = settings.constants, float(settings.weight_decay or 0.0)
        self.lr = constants.get("lr")
        self.penalty = 0.0 if self.method.decoupled else decay
        self.optimizer = self.method.over(self.leaves, constants | ({"weight_decay": decay} if self.method.decoupled else {}))
        self.in_batches = settings.batch_size is not None
        self.first, self.to_the_end = int(self.in_batches), self.in_batches or (self.method.decoupled and decay > 0)
        self.epochs = settings.most_epochs
        self.generator = torch.Generator().manual_seed(int(settings.seed))
        size = settings.batch_size or len(ratings)
        self.steps_done, self.steps_in_all = 0, self.epochs * math.ceil(len(ratings) / size)

    def step(self, *, last: bool) -> Seen[nn.Module]:
        return self._epoch_in_batches() if self.in_batches else self._step_on_all(only_look=last)

    def _step_on_all(self, *, only_look: bool) -> Seen[nn.Module]:
        here, held, first_call = copy.deepcopy(self.module), self._of_held_out(), list[float]()
        self.module.train()

        def closure() -> float:
            self.optimizer.zero_grad()
            loss, mse = self._loss(*self.rated)
            scaled = self.method.loss_scale * loss
            scaled.backward()
            if not first_call:  # at the point where the step begins
                slope = max(float(leaf.grad.abs().max()) for leaf in self.leaves if leaf.grad is not None)
                first_call.extend((loss.item(), mse.item(), slope / self.method.loss_scale))
            return scaled.item()

        if only_look:
            closure()
        else:
            self.optimizer.step(closure)
        loss, mse, slope = first_call
        return Seen(loss, math.sqrt(mse) if mse >= 0 else math.nan, lambda: here, slope, held)

    def _epoch_in_batches(self) -> Seen[nn.Module]:
        users, items, values = self.rated
        order = torch.randperm(len(values), generator=self.generator).to(values.device)
        self.module.train()
        loss_sum, squares, done = 0.0, 0.0, 0
        for batch in order.split(self.settings.batch_size):
            self._follow_schedule()
            self.optimizer.zero_grad()
            loss, mse = self._loss(users[batch], items[batch], values[batch])
            loss.backward()
            self.optimizer.step()
            loss_sum, squares, done = loss_sum + loss.item() * len(batch), squares + mse.item() * len(batch), done + len(batch)
            if self.on_batch:
                self.on_batch(done, len(order))
        return Seen(loss_sum / done, math.sqrt(squares / done) if squares >= 0 else math.nan, lambda: copy.deepcopy(self.module),
                    holdout_rmse=self._of_held_out())

    def _loss(self, users: Tensor, items: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        mse = ((self.predict(users, items) - values) ** 2).mean()
        if not self.penalty:
            return mse, mse
        return mse + self.penalty / 2 * torch.stack([(leaf ** 2).sum() for leaf in self.leaves]).sum(), mse

    def _of_held_out(self) -> float | None:
        return None if self.held is None else rmse_of_module(self.module, self.held, clip=self.clip)

    def _follow_schedule(self) -> None:
        factor, momentum = SCHEDULES[self.settings.schedule](self.steps_done / self.steps_in_all)
        if self.lr is not None:
            set_rate(self.optimizer, self.lr * factor, momentum)
        self.steps_done += 1
