"""How the loss is minimised: one table of names, read by the loop, the errors, the command line
and the tests alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.optim import Optimizer


@dataclass(frozen=True)
class Method:
    """A row of the table.

    `make(parameters, lr, weight_decay)` gives the torch optimizer; every one is driven as
    ``step(closure)``. `lr` is the default rate; where `per_row` is set it is multiplied by
    n_ratings / (ratings of the busiest user or item), because the gradient of a mean shrinks
    with the share that a row's ratings have in it. `decoupled` methods take the weight decay
    themselves; for the others it is a penalty in the loss. `epochs` is the default limit. The optimizer sees
    the loss times `loss_scale`; what the loop sees and reports is the loss itself. Where a method
    works on batches too, `batch_lr` and `batch_epochs` are its defaults there, and `make_for_batches` makes it
    where it takes other constants there. `alternating` methods
    have no torch optimizer: they solve one side given the other, which takes a model that is linear in
    each. Of these, one that `samples` draws from the posterior instead of minimising a loss.
    """

    make: Callable[[list, float, float], Optimizer] | None
    lr: float | None
    epochs: int = 5_000
    per_row: bool = False
    decoupled: bool = False
    loss_scale: float = 1.0
    batch_lr: float | None = None
    batch_epochs: int = 20
    make_for_batches: Callable[[list, float, float], Optimizer] | None = None
    alternating: bool = False
    samples: bool = False

    @property
    def takes_lr(self) -> bool:
        return self.lr is not None


def _torch(name: str, **options):
    """`torch.optim.<name>`; torch is loaded when a fit begins, not when the table is read."""
    def make(parameters, lr, _weight_decay):
        from torch import optim
        optimizer = getattr(optim, name)
        return (_uncompiled(optimizer) if name == "LBFGS" else optimizer)(parameters, lr=lr, **options)
    return make


@cache
def _uncompiled(optimizer: type[Optimizer]) -> type[Optimizer]:
    """A torch optimizer that does not load torch's compiler, which takes a second, only to ask it not to compile
    these two methods. (Those of the first order load it in their step too, LBFGS does not.)"""
    own = {name: getattr(getattr(optimizer, name), "__wrapped__", getattr(optimizer, name))
           for name in ("add_param_group", "zero_grad")}
    return type(optimizer.__name__, (optimizer,), own)


def _adamw(parameters, lr, weight_decay, **constants) -> Optimizer:
    from torch import optim
    return optim.AdamW(parameters, lr=lr, weight_decay=weight_decay, **constants)


# β₂ and ε of AdamW in batches: those of fast.ai. Squares that remember a hundred steps and not a thousand suit
# rows that are met now and then; on the lesson's ratings they take 0.01 off the hold-out RMSE.
BATCH_BETA, BATCH_EPSILON = 0.99, 1e-5


def _adamw_for_batches(parameters, lr, weight_decay) -> Optimizer:
    return _adamw(parameters, lr, weight_decay, betas=(0.9, BATCH_BETA), eps=BATCH_EPSILON)


# Nocedal & Wright 2006, ch. 7. One iteration a step, so that an epoch is one; our loop decides
# when to stop. A history of 50 costs nothing at a sheet's size and converges in a third of the
# epochs that torch's default of 10 takes on the lesson's sheets. torch keeps no step with
# yᵀs <= 1e-10 in that history, a bound that the mean of small errors meets long before its
# minimum; scaled far above it, the loss falls as fast as it should, in a half to a tenth of the
# epochs (the method itself does not feel the scale).
_lbfgs = _torch("LBFGS", max_iter=1, max_eval=50, history_size=50, tolerance_grad=0.0,
                tolerance_change=0.0, line_search_fn="strong_wolfe")

OPTIMIZERS = {
    "lbfgs": Method(lambda p, _, decay: _lbfgs(p, 1.0, decay), None, epochs=2_000,
                    loss_scale=1e8),
    "sgd": Method(_torch("SGD"), 0.1, per_row=True, batch_lr=0.01),
    "momentum": Method(_torch("SGD", momentum=0.9), 0.02, per_row=True, batch_lr=0.002),
    "nesterov": Method(_torch("SGD", momentum=0.9, nesterov=True), 0.02, per_row=True, batch_lr=0.002),
    "adagrad": Method(_torch("Adagrad"), 0.1, batch_lr=0.05),
    "rmsprop": Method(_torch("RMSprop"), 0.002, batch_lr=0.002),
    "adam": Method(_torch("Adam"), 0.02, batch_lr=0.005),
    "adamw": Method(_adamw, 0.02, decoupled=True, batch_lr=0.005, batch_epochs=5,
                    make_for_batches=_adamw_for_batches),
    "als": Method(None, None, epochs=2_000, alternating=True),
    "gibbs": Method(None, None, epochs=100, alternating=True, samples=True),
}
