"""Where a step leads: what an optimizer remembers of every parameter, what it will remember, and the next values."""

from __future__ import annotations

from pyxl.grid.cells import Range
from workbook.write.references import box, ref
from workbook.write.styles import Styles, around_zero
from workbook.write.write_cells import put_array, put_number, put_text

from .gradient_plan import STEPPED, GradientPlan

_MEMORY = {     # what will be remembered, by what is: {g} is the gradient
    "velocity": "{momentum}*{velocity}+{g}",
    "mean": "{beta1}*{mean}+(1-{beta1})*{g}",
    "square": "{beta2}*{square}+(1-{beta2})*{g}^2",
}
_STEPS = {      # {p} is the parameter, {t} the number of the step
    "sgd": "{p}-{lr_sgd}*{g}",
    "momentum": "{p}-{lr_momentum}*{next_velocity}",
    "adam": "{p}-{lr_adam}*({next_mean}/(1-{beta1}^{t}))/(SQRT({next_square}/(1-{beta2}^{t}))+{eps})",
}
_TITLES = {
    "moved": "Check: the parameters, one of them moved",
    "start": "The parameters before the first step",
    "velocity": "Momentum remembers a velocity v",
    "next_velocity": "v after the step: β·v + g",
    "mean": "Adam remembers a mean m of gradients",
    "square": "Adam: a mean s of their squares",
    "next_mean": "m after the step: β₁·m + (1 − β₁)·g",
    "next_square": "s after the step: β₂·s + (1 − β₂)·g²",
    "next_sgd": "SGD, next value: p − lr·g",
    "next_momentum": "Momentum, next value: p − lr·v",
    "next_adam": "Adam, next value: p − lr·m̂/(√ŝ + ε)",
}


def write_next_values(sheet, styles: Styles, plan: GradientPlan) -> None:
    """All panels but the moved parameters. Before the first step what is remembered is 0, and the start values are the parameters'."""
    for name in plan.panels:
        row = plan.crosstab.layout.ratings.bottom
        put_text(sheet, Range(row, plan.panel_left(name), row, plan.panel_left(name)).first, _TITLES[name], styles.note)
    for memory in _MEMORY:
        _zeros(sheet, styles, plan.panel(memory))
    for where in plan.panel("start").values():
        for cell in where.cells():
            sheet.write_blank(cell.row - 1, cell.col - 1, None, styles.step_number)
    settings = {name: ref(cell, rows=True, cols=True) for name, cell in plan.settings.items()} | {
        "t": f"({ref(plan.settings['adam_steps'], rows=True, cols=True)}+1)"}
    formulas = {f"next_{name}": what for name, what in (*_MEMORY.items(), *_STEPS.items())}
    for role, block in plan.crosstab.layout.parameters.items():
        at = settings | {"p": ref(block.range), "g": ref(plan.gradients[role])} | {
            name: ref(plan.panel(name)[role]) for name in plan.panels if name in _MEMORY or name in formulas}
        at |= {"momentum": settings["momentum"]}
        for name, formula in formulas.items():
            where = plan.panel(name)[role]
            square = name == "next_square"
            put_array(sheet, where, "=" + formula.format(**at), styles.step_square if square else styles.step_number)
            if name.removeprefix("next_") not in STEPPED and not square:
                sheet.conditional_format(*box(where), around_zero())


def _zeros(sheet, styles: Styles, blocks: dict[str, Range]) -> None:
    for where in blocks.values():
        for cell in where.cells():
            put_number(sheet, cell, 0.0, styles.factor)
