"""How the loss is minimised: one table of names, read by the loop, the errors, the command line
and the tests alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.optim import Optimizer


@dataclass(frozen=True)
class Method:
    """A row of the table.

    `make(parameters, lr, weight_decay)` gives the torch optimizer; every one is driven as
    ``step(closure)``. `lr` is the default rate; where `per_row` is set it is multiplied by
    n_ratings / (ratings of the busiest user or item), because the gradient of a mean shrinks
    with the share that a row's ratings have in it. `decoupled` methods take the weight decay
    themselves; for the others it is a penalty in the loss. `epochs` is the default limit.
    """

    make: Callable[[list, float, float], Optimizer]
    lr: float | None
    epochs: int = 5_000
    per_row: bool = False
    decoupled: bool = False

    @property
    def takes_lr(self) -> bool:
        return self.lr is not None


def _sgd(*, momentum: float = 0.0, nesterov: bool = False):
    return lambda p, lr, _: torch.optim.SGD(p, lr, momentum=momentum, nesterov=nesterov)


def _lbfgs(parameters, _lr, _weight_decay) -> Optimizer:
    # Nocedal & Wright 2006, ch. 7. One iteration a step, so that an epoch is one; our loop
    # decides when to stop. A history of 50 costs nothing at a sheet's size and converges in
    # a third of the epochs that torch's default of 10 takes on the lesson's sheets.
    return torch.optim.LBFGS(parameters, lr=1.0, max_iter=1, max_eval=50, history_size=50,
                             tolerance_grad=0.0, tolerance_change=0.0,
                             line_search_fn="strong_wolfe")


OPTIMIZERS = {
    "lbfgs": Method(_lbfgs, None, epochs=2_000),
    "sgd": Method(_sgd(), 0.1, per_row=True),
    "momentum": Method(_sgd(momentum=0.9), 0.02, per_row=True),
    "nesterov": Method(_sgd(momentum=0.9, nesterov=True), 0.02, per_row=True),
    "adagrad": Method(lambda p, lr, _: torch.optim.Adagrad(p, lr), 0.1),
    "rmsprop": Method(lambda p, lr, _: torch.optim.RMSprop(p, lr), 0.002),
    "adam": Method(lambda p, lr, _: torch.optim.Adam(p, lr), 0.02),
    "adamw": Method(lambda p, lr, decay: torch.optim.AdamW(p, lr, weight_decay=decay), 0.02,
                    decoupled=True),
}
