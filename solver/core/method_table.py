"""The ways of fitting and the losses, and which settings each of them honours. The step classes are in `methods`.

`MODELS` says which settings each model honours, and `OPTIMIZERS` says it of each optimizer. Where some rows of a table
name a setting, only these rows honour it, and `settings` refuses it with any other row.
"""

from __future__ import annotations

from dataclasses import dataclass

ALL_PAIRS_DECAY = 0.3    # good on films, with a square root of the counts beside it (`methods.all_pairs`)
DECOUPLED_DECAY = 0.1    # of adamw, where none is given
NET_DECAY = 0.01         # of the net where none is given: on small tables it fits a third of what none fits


@dataclass(frozen=True)
class Method:
    """A way of fitting: what it is called in a sentence, how a user chooses it, and what it honours."""

    called: str
    chosen_by: str
    honours: frozenset[str]
    weighs: bool = False        # whether it learns with weights of ratings


@dataclass(frozen=True)
class Loss:
    """What is minimised: the settings that it alone honours."""

    honours: frozenset[str] = frozenset()


_EVERY_MODEL = frozenset({"model", "low", "high", "n_factors", "optimizer", "epochs", "patience", "dtype", "seed", "start",
                          "device", "note_gradients"})
_BATCHES = _EVERY_MODEL | {"weight_decay", "batch_size", "schedule"}

METHODS = {
    "full batch": Method("a fit on all ratings at once", "no batch_size", _EVERY_MODEL | {"weight_decay", "embedding_sizes", "hidden"},
                         weighs=True),
    "batches": Method("a fit in batches", "a batch_size, such as 512",
                      _BATCHES | {"loss", "negatives", "negatives_power", "embedding_sizes", "hidden", "dropout"}),
    "rating by rating": Method("SGD rating by rating", "optimizer sgd with batch_size 1", _BATCHES | {"decay_by", "implicit_sets"}),
    "als": Method("als", "optimizer als", _EVERY_MODEL | {"weight_decay", "loss", "unobserved", "non_negative"}, weighs=True),
    "gibbs": Method("gibbs", "optimizer gibbs", _EVERY_MODEL | {"implicit_sets", "learn_times"}),
    "formulas": Method("a fit by formulas", "a sheet whose formulas are minimised as they stand",
                       frozenset({"epochs", "seed"})),
}

LOSSES = {"squared": Loss(frozenset({"note_gradients"})), "cross-entropy": Loss(frozenset({"negatives", "negatives_power"})),
          "all-pairs": Loss(frozenset({"unobserved"}))}
