"""How outputs depend on the changing cells: which are linear, with every coefficient, and what makes others not so.

A compiled program is run once, at the start values, and every torch operation in it is followed. Each number is kept as an
affine form, a row of coefficients of the columns

    1, x_1 … x_n, t_1 … t_m

where x are the changing cells and a term t is what an operation that is not linear makes of affine forms. An output whose
form reaches no term is linear for all values of the changing cells: every operation on the way was understood, none sampled.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from pyxl.formulas.compiled.lane_operators import COMPARISONS
from pyxl.formulas.compiled.torch_program import INPUT, Recorded

from .affine_forms import AffineForms
from .nonlinear_terms import NotFollowed, Structure
from .operation_rules import compared, result_forms, tensors_in


def follow(program: Recorded, start: np.ndarray) -> Structure:
    """The Structure of a compiled program whose output is the vector of all outputs. Raises NotFollowed."""
    with torch.no_grad():
        forms = AffineForms(len(start))
        following = _Following(forms)
        x = torch.from_numpy(np.array(start, dtype=np.float64))
        forms.remember(x, forms.cells())
        held = {INPUT: x, **program.constants}
        for step in program.steps:
            forms.place = step.place
            held[step.output] = following.step(step.call, [held[number] for number in step.inputs])
        output = held[program.output]
        return Structure(len(start), forms.widened(forms.form(output)), tuple(forms.terms))


def _sees_every_operation(cls: type[_Following]) -> type[_Following]:
    """Set after the class is made: a method of that name in its body is wrapped by torch, which imports its compiler for it (1 s)."""
    hook = "__torch_dispatch__"
    setattr(cls, hook, cls._seen)
    return cls


@_sees_every_operation
class _Following(TorchDispatchMode):
    """Sees every operation of torch, and remembers the forms of the tensors that depend on the changing cells."""

    def __init__(self, forms: AffineForms):
        super().__init__()
        self._forms = forms

    def step(self, call, inputs: list[Tensor]) -> Tensor:
        """A step of the program. What it computes from changing cells without an operation of torch goes in steps."""
        forms, moving = self._forms, any(map(self._forms.moves, inputs))
        if moving and (sign := COMPARISONS.get(call)) is not None:
            result = call(*inputs)
            forms.remember(result, compared(forms, sign, result, *inputs))
            return result
        with self:
            result = call(*inputs)
        if moving and not forms.moves(result):
            forms.remember(result, forms.new_terms("steps", result.numel(), boolean=result.dtype == torch.bool))
        return result

    def _seen(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if any(map(self._forms.moves, tensors_in(args))):
            if func._schema.is_mutable:
                raise NotFollowed
            for tensor, form in zip(tensors_in([result]), result_forms(self._forms, func, args, kwargs, result)):
                self._forms.remember(tensor, form)
        return result
