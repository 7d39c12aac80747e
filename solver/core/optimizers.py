"""How the loss is minimised: one table of names, read by the loop, the errors, the command line
and the tests alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch.optim


@dataclass(frozen=True)
class Optimizer:
    """A row of the table.

    `make(parameters, constants)` gives the torch optimizer; every one is driven as ``step(closure)``. `constants`
    are those that it has, by the names of the settings that change them, each with its default: the learning rate
    ``lr``, ``momentum``, ``beta1``, ``beta2`` and ``eps``. Where `per_row` is set the default rate is multiplied by
    n_ratings / (ratings of the busiest user or item), because the gradient of a mean shrinks
    with the share that a row's ratings have in it. `decoupled` optimizers take the weight decay
    themselves, as another constant; for the others it is a penalty in the loss. `epochs` is the default limit. The
    optimizer sees the loss times `loss_scale`; what the loop sees and reports is the loss itself. Where an optimizer
    works on batches too, `in_batches` are the defaults that differ there, and `batch_epochs` is the limit there.
    `alternating` optimizers have no torch optimizer: they solve one side given the other, which takes a model that is
    linear in each. Of these, one that `samples` draws from the posterior instead of minimising a loss.
    """

    make: Callable[[list, Mapping[str, float]], torch.optim.Optimizer] | None
    constants: Mapping[str, float] = field(default_factory=dict)
    in_batches: Mapping[str, float] | None = None
    epochs: int = 5_000
    batch_epochs: int = 20
    per_row: bool = False
    decoupled: bool = False
    loss_scale: float = 1.0
    alternating: bool = False
    samples: bool = False

    @property
    def honours(self) -> frozenset[str]:
        """The settings that it honours, of those that not every optimizer does."""
        return frozenset({*self.constants, *(() if self.in_batches is None else ("batch_size",))})

    def over(self, parameters: list, constants: Mapping[str, float]) -> torch.optim.Optimizer:
        """The torch optimizer of these parameters."""
        if self.make is None:
            raise ValueError("It solves one side given the other, and steps on nothing.")
        return self.make(parameters, constants)

    def defaults(self, *, batches: bool) -> dict[str, float]:
        """Its constants where nobody changes them, in batches or on all ratings at once."""
        return {**self.constants, **((self.in_batches or {}) if batches else {})}


def _torch(name: str) -> Callable[[list, Mapping[str, float]], torch.optim.Optimizer]:
    """`torch.optim.<name>`; torch is loaded when a fit begins, not when the table is read."""
    def make(parameters, constants):
        from torch import optim
        return getattr(optim, name)(parameters, **_as_torch_names(constants))
    return make


def _as_torch_names(constants: Mapping[str, float]) -> dict:
    """The constants by torch's names: ``betas`` for β₁ and β₂ of the Adams, ``alpha`` for β₂ of RMSprop."""
    named: dict[str, float | tuple[float, float]] = {name: value for name, value in constants.items()
                                                    if name not in ("beta1", "beta2")}
    if "beta1" in constants:
        named["betas"] = constants["beta1"], constants["beta2"]
    elif "beta2" in constants:
        named["alpha"] = constants["beta2"]
    return named


def _nesterov(parameters, constants) -> torch.optim.Optimizer:
    from torch import optim
    return optim.SGD(parameters, **constants, nesterov=constants["momentum"] > 0)  # torch refuses it without momentum


def _lbfgs(parameters, _constants) -> torch.optim.Optimizer:
    """Nocedal & Wright 2006, ch. 7. One iteration a step, so that an epoch is one; our loop decides
    when to stop. A history of 50 costs nothing at a sheet's size and converges in a third of the
    epochs that torch's default of 10 takes on the lesson's sheets."""
    from torch import optim
    return _uncompiled(optim.LBFGS)(parameters, lr=1.0, max_iter=1, max_eval=50, history_size=50, tolerance_grad=0.0,
                                    tolerance_change=0.0, line_search_fn="strong_wolfe")


@cache
def _uncompiled(optimizer: type) -> type:
    """A torch optimizer that does not load torch's compiler, which takes a second, only to ask it not to compile
    these two methods. (Those of the first order load it in their step too, LBFGS does not.)"""
    own = {name: getattr(getattr(optimizer, name), "__wrapped__", getattr(optimizer, name))
           for name in ("add_param_group", "zero_grad")}
    return type(optimizer.__name__, (optimizer,), own)


_ADAM = {"lr": 0.02, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}

# LBFGS: torch keeps no step with yᵀs <= 1e-10 in its history, a bound that the mean of small errors meets long before
# its minimum; scaled far above it, the loss falls as fast as it should, in a half to a tenth of the epochs (the method
# itself does not feel the scale).
# β₂ and ε of AdamW in batches are those of fast.ai. Squares that remember a hundred steps and not a thousand suit
# rows that are met now and then; on the lesson's ratings they take 0.01 off the hold-out RMSE.
OPTIMIZERS = {
    "lbfgs": Optimizer(_lbfgs, epochs=2_000, loss_scale=1e8),
    "sgd": Optimizer(_torch("SGD"), {"lr": 0.1}, {"lr": 0.01}, per_row=True),
    "momentum": Optimizer(_torch("SGD"), {"lr": 0.02, "momentum": 0.9}, {"lr": 0.002}, per_row=True),
    "nesterov": Optimizer(_nesterov, {"lr": 0.02, "momentum": 0.9}, {"lr": 0.002}, per_row=True),
    "adagrad": Optimizer(_torch("Adagrad"), {"lr": 0.1, "eps": 1e-10}, {"lr": 0.05}),
    "rmsprop": Optimizer(_torch("RMSprop"), {"lr": 0.002, "beta2": 0.99, "eps": 1e-8}, {}),
    "adam": Optimizer(_torch("Adam"), _ADAM, {"lr": 0.005}),
    "adamw": Optimizer(_torch("AdamW"), _ADAM, {"lr": 0.005, "beta2": 0.99, "eps": 1e-5}, batch_epochs=5,
                       decoupled=True),
    "als": Optimizer(None, epochs=2_000, alternating=True),
    "gibbs": Optimizer(None, epochs=100, alternating=True, samples=True),
}
