"""The update rules as worksheet formulas, in the names of `solver.tracing`: one table of them.

In a template, ``{p}`` and ``{g}`` are the cells of the parameter and of its derivative, ``{t}`` is the step's number,
``{mean}`` a remembered number of this row and ``{mean_before}`` that of the row before; all others are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_SLOPE = "({g}+{weight_decay}*{p})"
_HATS = {"mean": "{mean}/IF({bias_correction},1-{beta1}^{t},1)", "square": "{square}/IF({bias_correction},1-{beta2}^{t},1)"}


@dataclass(frozen=True)
class SheetRule:
    """A row of the table: the formulas of what is `remembered` of each parameter and of its `step`, what the step takes
    `between` two epochs (in the templates of these, ``{error}`` is the cell of the epoch's RMSE and ``{next_…}`` the next
    value of another one), and the line that explains it all."""

    step: str
    line: str
    remembered: Mapping[str, str] = field(default_factory=dict)
    between: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Whether a formula uses the number of the step."""
        return any("{t}" in formula for formula in (self.step, *self.remembered.values()))


def _root(square: str) -> str:
    return f"IF({{eps_inside}},SQRT({square}+{{eps}}),SQRT({square})+{{eps}})"


def _moments(slope: str) -> dict[str, str]:
    return {"mean": f"{{beta1}}*{{mean_before}}+(1-{{beta1}})*{slope}",
            "square": f"{{beta2}}*{{square_before}}+(1-{{beta2}})*{slope}^2"}


_ADAM_STEP = f"{{lr}}*{_HATS['mean']}/{_root(_HATS['square'])}"
_BETTER = 'OR({best}="",{error}<{best})'
_D_ROOT = f"IF({{eps_inside}},{{d}}*SQRT({_HATS['square']}+{{eps}}),{{d}}*SQRT({_HATS['square']})+{{eps}})"

SHEET_RULES = {
    "sgd": SheetRule("{p}-{lr}*" + _SLOPE,
                     "p ← p − lr·g after every row. The derivatives g stand beside what they are estimated by: move b or a by 0.01."),
    "momentum": SheetRule("{p}-{lr}*{velocity}",
                          "v ← β·v + (1 − dampening)·g,  p ← p − lr·v. The lesson's momentum is dampening = β; torch's default is 0.",
                          {"velocity": f"IF({{t}}=1,{_SLOPE},{{momentum}}*{{velocity_before}}+(1-{{dampening}})*{_SLOPE})"}),
    "nesterov": SheetRule(f"{{p}}-{{lr}}*({_SLOPE}+{{momentum}}*{{velocity}})",
                          "v ← β·v + g,  p ← p − lr·(g + β·v): a step of momentum that looks ahead by one more.",
                          {"velocity": "{momentum}*{velocity_before}+" + _SLOPE}),
    "adagrad": SheetRule(f"{{p}}-{{lr}}*{_SLOPE}/{_root('{square}')}",
                         "s ← s + g²,  p ← p − lr·g/(√s + ε): every parameter has a rate of its own, which only falls.",
                         {"square": f"{{square_before}}+{_SLOPE}^2"}),
    "rmsprop": SheetRule(f"{{p}}-{{lr}}*{_SLOPE}/{_root('{square}')}",
                         "s ← β·s + (1 − β)·g²,  p ← p − lr·g/(√s + ε): as Adagrad, but it forgets.",
                         {"square": f"{{beta2}}*{{square_before}}+(1-{{beta2}})*{_SLOPE}^2"}),
    "adam": SheetRule("{p}-" + _ADAM_STEP,
                      "m ← β₁·m + (1 − β₁)·g,  s ← β₂·s + (1 − β₂)·g²,  p ← p − lr·m̂/(√ŝ + ε),  where m̂ = m/(1 − β₁ᵗ) and ŝ = s/(1 − β₂ᵗ).",
                      _moments(_SLOPE)),
    "adamw": SheetRule("{p}*(1-{lr}*{weight_decay})-" + _ADAM_STEP,
                       "As Adam, but weight decay pulls at the parameter itself:  p ← p·(1 − lr·decay) − lr·m̂/(√ŝ + ε).",
                       _moments("{g}")),
    "annealing": SheetRule("{p}-" + _ADAM_STEP.replace("{lr}", "{lr_now}"),
                           "Adam, whose rate is multiplied by factor after more than patience epochs without a better RMSE.",
                           _moments(_SLOPE), {
                               "lr_now": f"IF({_BETTER},{{lr_now}},IF({{worse}}+1>{{patience}},{{lr_now}}*{{factor}},{{lr_now}}))",
                               "best": f"IF({_BETTER},{{error}},{{best}})",
                               "worse": f"IF({_BETTER},0,IF({{worse}}+1>{{patience}},0,{{worse}}+1))"}),
    "eve": SheetRule(f"{{p}}-{{lr}}*{_HATS['mean']}/{_D_ROOT}",
                     "Adam, whose rate is divided by d: large while the error jumps from epoch to epoch, small while it is calm.",
                     _moments(_SLOPE), {
                         "d": "IF(N({followed})=0,{d},{beta3}*{d}+(1-{beta3})*ABS({next_followed}-{followed})/MIN({next_followed},{followed}))",
                         "followed": "IF(N({followed})=0,{error},{followed}*MIN(MAX(IF({error}>={followed},{k}+1,1/({K}+1)),"
                                     "{error}/{followed}),IF({error}>={followed},{K}+1,1/({k}+1))))"}),
}
