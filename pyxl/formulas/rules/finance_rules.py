"""Rules for money over time: present and future values, payments, the net present value."""

from __future__ import annotations

import torch
from torch import Tensor

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes import guarded
from pyxl.formulas.compiled.lanes.lanes import Lanes, dynamic
from pyxl.formulas.language.syntax.nodes import Call

from .elementwise_rules import each_lane
from .sums.sum_rules import gathered


def _growth(rate: Tensor, periods: Tensor) -> tuple[Tensor, Tensor]:
    """(what 1 becomes, what a payment of 1 at the end of every period adds up to)"""
    flat = rate == 0
    safe = torch.where(flat, 1.0, rate)
    grown = torch.where(flat, 1.0 + rate * periods, (periods * torch.log1p(safe)).exp())
    adding = periods + rate * periods * (periods - 1) / 2  # near a rate of 0
    return grown, torch.where(flat, adding, torch.expm1(periods * torch.log1p(safe)) / safe)


def _future(rate: Tensor, periods: Tensor, payment: Tensor, present: Tensor | float = 0.0,
            kind: Tensor | float = 0.0) -> Tensor:
    grown, paid = _growth(rate, periods)
    return -(present * grown + payment * _early(rate, kind) * paid)


def _present(rate: Tensor, periods: Tensor, payment: Tensor, future: Tensor | float = 0.0,
             kind: Tensor | float = 0.0) -> Tensor:
    grown, paid = _growth(rate, periods)
    return -(future + payment * _early(rate, kind) * paid) / grown


def _payment(rate: Tensor, periods: Tensor, present: Tensor, future: Tensor | float = 0.0,
             kind: Tensor | float = 0.0) -> Tensor:
    grown, paid = _growth(rate, periods)
    return -(present * grown + future) / (_early(rate, kind) * paid)


def _early(rate: Tensor, kind: Tensor | float) -> Tensor:
    """Payments at the beginning of a period (`kind` not 0) bear interest once more."""
    return 1 + rate * (torch.as_tensor(kind) != 0)


def net_present_value(here: Interpreter, node: Call) -> Lanes:
    rate, found = here.value(node.args[0]), [here.evaluate(arg) for arg in node.args[1:]]
    if not here.dynamic(rate, *found):
        return here.by_cell(node, here.lanes_of([rate, *found]))
    flows, (interest, wrong) = gathered(here, found), here.numeric(rate)

    def worth(x: Tensor, interest: Tensor, periods: Tensor) -> Tensor:
        return (x / (1 + interest[..., 0]) ** periods).sum(-1)
    periods = here.program.constant(flows.counts.cumsum(-1).astype(float))
    step = here.program.step(guarded.guarded_reduction(worth), flows.tensor, interest, periods)
    return here.with_faults(dynamic(step, here.common(rate, dynamic(step, (*flows.counts.shape[:2], 1, 1)))),
                            wrong, flows.faults)


FINANCE_RULES = {"FV": each_lane(_future), "NPV": net_present_value, "PMT": each_lane(_payment), "PV": each_lane(_present)}
