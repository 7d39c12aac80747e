"""Batches on a GPU: a step is recorded once, as a CUDA graph, and then replayed.

A step of plain torch is some eighty launches, which take the host 0.15 to 0.3 ms whatever the batch. Replayed,
they are one. What changes from step to step stands in tensors on the device: the shuffled places of the
ratings, the learning rates and momenta of the epoch, and the number of the step, which the step itself counts
up. Losses are added up there too, so that the host waits once an epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from solver.core.pairs.sorting import stable_order
from solver.core.pairs.sparse_products import RatedPairs
from solver.core.schedules import SCHEDULES
from solver.core.steps import FitTask, Seen
from solver.model.factors import Factors
from solver.model.net import additive
from solver.model.wide_rows import wide_rows

from .mini_batch import MiniBatch

WARM_UP = 3  # steps before one is recorded: libraries are loaded and workspaces made in the first ones


def can_be_recorded(problem: FitTask) -> bool:
    """Whether nothing in a step waits for a number from the device, nor adds up in an order of its own."""
    settings = problem.settings
    in_loss = settings.weight_decay and settings.optimizer == "adam"
    return (settings.optimizer in ("adam", "adamw") and not in_loss and isinstance(problem.start, Factors)
            and settings.loss == "squared")


class GraphedMiniBatch(MiniBatch):
    """As `MiniBatch`, for what can be recorded. The order of ratings is drawn on the device.

    A batch is sorted by user, and its gradients are sums over each row's ratings in their order (see
    `sparse_products`): torch's own gradient of `table[rows]` can neither be recorded nor be relied on
    to come out the same every time.
    """

    def __init__(self, problem: FitTask):
        super().__init__(problem)
        device, n = self.values.device, len(self.values)
        self.size = min(self.size, n)
        self.raw = self._products
        self.additive = additive(problem.start).with_tensors(self.parameters.tensors())   # the same tensors, named as sums need them
        self.order = torch.arange(n, device=device)
        self.within = torch.arange(self.size, device=device)
        self.turn = torch.zeros(1, dtype=torch.int64, device=device)                 # steps done in this epoch
        self.rates, self.momenta = torch.zeros(2, math.ceil(n / self.size), device=device)
        self.lr_now, self.momentum_now = torch.zeros(2, device=device)
        self.sums = torch.zeros(3, dtype=torch.float64, device=device)               # loss, squared errors, pairs
        recording = device.type == "cuda"
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr_now
            group["foreach"] = False  # its kernels take a momentum on the device for a number, and wait for it
            group["capturable"] = recording
            if SCHEDULES[problem.settings.schedule](0.0)[1] is not None:
                group["betas"] = (self.momentum_now, group["betas"][1])
        self.replay = self._recorded() if recording else self._next_step

    def step(self, *, last: bool) -> Seen:
        n, full = len(self.values), len(self.values) // self.size
        self.order.copy_(self.new_order())
        self._plan_epoch()
        for _ in range(full):
            self.replay()
        if n % self.size:  # a shorter batch is not what was recorded
            self._take(self.order[full * self.size:])
        loss, squares, seen = self.sums.tolist()  # here the host waits for the device
        if self.problem.on_batch:
            self.problem.on_batch(n, n)
        here = self.parameters.map(torch.detach)
        return Seen(loss / seen, math.sqrt(squares / seen) if squares >= 0 else math.nan, lambda: here.map(torch.clone),
                    holdout_rmse=self.judge.rmse(here) if self.judge else None)

    def _plan_epoch(self) -> None:
        """The learning rates and momenta of the epoch's steps; and begin to count."""
        steps = range(self.steps_done, self.steps_done + len(self.rates))
        plan = [SCHEDULES[self.problem.settings.schedule](step / self.steps_in_all) for step in steps]
        self.rates.copy_(torch.tensor([self.lr * factor for factor, _ in plan]))
        self.momenta.copy_(torch.tensor([momentum or 0.0 for _, momentum in plan]))
        self.turn.zero_()
        self.sums.zero_()
        self.steps_done += len(self.rates)

    def _next_step(self) -> None:
        """What is recorded: the step whose number is `turn`."""
        self._take(self.order.index_select(0, self.within + self.turn * self.size))
        self.turn += 1

    def _take(self, places: Tensor) -> None:
        """A step on these ratings, with the learning rate and momentum of its turn."""
        self.lr_now.copy_(self.rates.index_select(0, self.turn)[0])
        self.momentum_now.copy_(self.momenta.index_select(0, self.turn)[0])
        users = self.users.index_select(0, places)
        loss, mse, pairs = self.step_on(places.index_select(0, stable_order(users, self.problem.ratings.n_users)))
        self.sums += torch.stack([loss, mse, torch.ones_like(loss)]).double() * pairs

    def _products(self, users: Tensor, items: Tensor) -> Tensor:
        ratings = self.problem.ratings
        pairs = RatedPairs.of(users, items, ratings.n_users, ratings.n_items)  # sorted by user: they keep their order
        return pairs.products(*wide_rows(self.additive)) + self.additive.offset

    def _recorded(self) -> Callable[[], None]:
        """The graph of a step, and everything else as if none had been made."""
        leaves = list(self.parameters.tensors().values())
        before = [leaf.detach().clone() for leaf in leaves]
        self._plan_epoch()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # not the default stream, on which nothing can be recorded
            for _ in range(WARM_UP):
                self.turn.zero_()
                self._next_step()
            self.turn.zero_()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            self._next_step()
        with torch.no_grad():
            for leaf, value in zip(leaves, before):
                leaf.copy_(value)
            for state in self.optimizer.state.values():
                for tensor in state.values():
                    tensor.zero_()
        self.steps_done = 0
        return graph.replay
