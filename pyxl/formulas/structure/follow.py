"""How outputs depend on the changing cells: which are linear, with every coefficient, and what makes others not so.

A compiled program is run once, at the start values, and every torch operation in it is followed. Each number is kept as an
affine form, a row of coefficients of the columns

    1, x_1 … x_n, t_1 … t_m

where x are the changing cells and a term t is what an operation that is not linear makes of affine forms. An output whose
form reaches no term is linear for all values of the changing cells: every operation on the way was understood, none sampled.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from pyxl.formulas.compiled.lanes.lane_operators import COMPARED_BY
from pyxl.formulas.compiled.torch_program import ASKS, CATCHES, CHOOSES, INPUT, INSIDE, ProgramStep, Recorded

from .affine_forms import AffineForms, dependent, spread_rows
from .nonlinear_terms import INSIDE_OF, MATCHED, NotFollowed, Structure, TermSource
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
            held[step.output] = following.step(step.call, [held[number] for number in step.inputs], step)
        output = held[program.output]
        return Structure(len(start), forms.widened(forms.form(output)), tuple(forms.terms), partial(_outputs_of, program), forms.failing)


def _outputs_of(program: Recorded, x: np.ndarray, steps: Iterable[int]) -> dict[int, np.ndarray]:
    """The outputs of some steps at a point, in one row each."""
    with torch.no_grad():
        held = {INPUT: torch.from_numpy(np.array(x, dtype=np.float64)), **program.constants}
        for step in program.steps:
            held[step.output] = step.call(*(held[number] for number in step.inputs))
        return {number: held[number].reshape(-1).to(torch.float64).numpy() for number in steps}


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

    def step(self, call, inputs: list[Tensor], asked: ProgramStep) -> Tensor:
        """A step of the program. What it computes from changing cells without an operation of torch goes in steps."""
        forms, moving = self._forms, any(map(self._forms.moves, inputs))
        if moving and (sign := COMPARED_BY.get(call)) is not None:
            result = call(*inputs)
            forms.remember(result, compared(forms, sign, result, *inputs))
            return result
        width = forms.width
        with self:
            result = call(*inputs)
        stepwise = moving and (not forms.moves(result) or any(terms.sort == "stepwise" for terms in forms.terms if terms.first >= width))
        # what may be an error elsewhere is caught there, though it is none here: what the step makes is known by its own values alone
        does = None if asked.does is None else asked.does[0]
        failing = any(forms.may_fail(tensor) for tensor in inputs)
        caught = moving and failing and does in (CATCHES, ASKS)
        alone = all(tensor.shape[2:] == (1, 1) for tensor in inputs if forms.moves(tensor))
        if moving and asked.does is not None and does == INSIDE:
            found, number = inputs
            self._inside(result, found, number, int(asked.does[1]))
            return result
        if moving and does == CHOOSES and failing and alone and forms.truths(forms.form(inputs[0])).all():
            with suppress(RuntimeError, ValueError):
                self._chosen(result, inputs, asked, width)
                return result
        if (stepwise or caught or moving and does not in (None, CATCHES, ASKS, CHOOSES)) and alone:
            with suppress(RuntimeError, ValueError):    # lanes of different formulas
                self._as_one(result, inputs, asked, width)
                return result
        if caught or moving and not forms.moves(result):
            forms.remember(result, forms.new_terms("steps", result.numel(), boolean=result.dtype == torch.bool))
        return result

    def _inside(self, result: Tensor, found: Tensor, number: Tensor, count: int) -> None:
        """What was chosen by a number, which is one of 1 to `count`."""
        forms = self._forms
        value, place = (forms.stretched(tensor, result.shape) for tensor in (found, number))
        one = forms.form(torch.ones(result.shape, dtype=torch.float64))
        forms.remember(result, forms.new_terms(INSIDE_OF, result.numel(), value, csr_array(place - one), csr_array(one * count - place)))

    def _chosen(self, result: Tensor, inputs: list[Tensor], asked: ProgramStep, width: int) -> None:
        """An IF between numbers of which one may be an error elsewhere: what it makes can be tabulated, or followed where it is none."""
        forms = self._forms
        forms.forget(width)
        args = [forms.stretched(tensor, result.shape) for tensor in inputs]
        places = np.flatnonzero(np.logical_or.reduce([dependent(arg) for arg in args]))
        fixed = result.detach().reshape(-1).to(torch.float64).numpy().copy()
        fixed[places] = 0.0
        new = forms.new_terms("if", len(places), *(arg[places] for arg in args), source=TermSource(asked.output, places))
        forms.remember(result, csr_array(spread_rows(places, len(fixed)) @ new + forms.form(torch.from_numpy(fixed))))

    def _as_one(self, result: Tensor, inputs: list[Tensor], asked: ProgramStep, width: int) -> None:
        """What a step makes of single numbers, lane by lane, as one term a lane: whatever happens within, it can be tabulated."""
        forms = self._forms
        shape = torch.broadcast_shapes(result.shape, *(tensor.shape for tensor in inputs if forms.moves(tensor)))
        if shape != result.shape:
            raise ValueError
        args = [forms.stretched(tensor, result.shape) for tensor in inputs if forms.moves(tensor)]
        forms.forget(width)
        args = [csr_array((arg.data, arg.indices, arg.indptr), shape=(arg.shape[0], width)) for arg in args]
        places = np.flatnonzero(np.logical_or.reduce([dependent(arg) for arg in args]))
        fixed = result.detach().reshape(-1).to(torch.float64).numpy().copy()
        fixed[places] = 0.0
        does = None if asked.does is None else asked.does[0]
        jumps = None
        if asked.jumps is not None:
            keys, values = (np.broadcast_to(line, (*shape[:2], line.shape[-1])).reshape(-1, line.shape[-1])[places] for line in asked.jumps)
            jumps = keys, values
        new = forms.new_terms(MATCHED if does == "MATCH" else "steps", len(places), *(arg[places] for arg in args), boolean=does == ASKS or result.dtype == torch.bool,
                              source=TermSource(asked.output, places, None if does in (None, "MATCH", CATCHES, ASKS, CHOOSES) else asked.does, jumps))
        forms.remember(result, csr_array(spread_rows(places, len(fixed)) @ new + forms.form(torch.from_numpy(fixed))))

    def _seen(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if any(map(self._forms.moves, tensors_in(args))):
            if func._schema.is_mutable:
                raise NotFollowed
            for tensor, form in zip(tensors_in([result]), result_forms(self._forms, func, args, kwargs, result)):
                self._forms.remember(tensor, form)
        return result
