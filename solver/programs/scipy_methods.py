"""The methods of scipy that minimise, each called with the Trials that it may make."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from .program import Program
from .trials import TIGHT, Stalled, Trials

_LARGE = 100   # numbers and constraints from which SLSQP, whose step takes time by their cube, is the slower one
NO_SLOPE = 1e-11    # of the scaled merit
_NO_CHANGE, _PATIENCE = 1e-13, 25   # relative change of the merit within so many steps that counts as none
_ROUNDS = 60   # of the augmented Lagrangian; a dozen is usual


class _LineSearchLost(Exception):
    """torch's line search met values so large that its cubic has no minimum: its next point is no number."""


def method_for(program: Program) -> str:
    """The name of the method that suits a program."""
    if not program.n_constraints:
        bounded = np.isfinite(program.low).any() or np.isfinite(program.high).any()
        return "l-bfgs-b" if bounded else "l-bfgs"
    return "slsqp" if len(program.start) + program.n_constraints <= _LARGE else "lagrangian"


def _lbfgs(trials: Trials) -> None:
    """The method that factor models are fitted by (see `OPTIMIZERS`), so that both go the same way; then L-BFGS-B, whose
    line search gets further where there are kinks."""
    import torch

    from solver.core.optimizers import OPTIMIZERS

    method, seen = OPTIMIZERS["lbfgs"], []
    z = torch.tensor(trials.z, requires_grad=True)
    optimizer = method.over([z], {})

    def closure():
        if not torch.isfinite(z).all():
            raise _LineSearchLost
        merit, slope = trials.merit(z.detach().numpy())
        seen.append((merit, float(np.max(np.abs(slope), initial=0.0))))
        z.grad = torch.from_numpy(method.loss_scale * slope)
        return torch.tensor(method.loss_scale * merit, dtype=z.dtype)

    merits: list[float] = []
    while True:
        seen.clear()
        try:
            optimizer.step(closure)
        except _LineSearchLost:
            break
        merit, slope = seen[0]      # where the step began
        merits.append(merit)
        trials.on_step()
        recent = merits[-_PATIENCE:]
        if slope <= NO_SLOPE or len(merits) > _PATIENCE and max(recent) - min(recent) <= _NO_CHANGE * abs(merit):
            break
    _lbfgsb(trials)


def _bounded(trials: Trials, function=None, *, z: np.ndarray | None = None, slope: float = NO_SLOPE):
    """Byrd, Lu, Nocedal & Zhu 1995: quasi-Newton steps of limited memory, within bounds, until the gradient is at most
    `slope`. A `function` of scaled z is minimised instead of the merit, from `z` instead of the best point met."""
    from scipy.optimize import minimize

    return minimize(function or trials.merit, trials.z if z is None else z, jac=True, method="L-BFGS-B",
                    bounds=list(zip(trials.low, trials.high)), callback=trials.on_step,
                    options={"maxcor": 50, "ftol": 1e-16, "gtol": slope, "maxiter": 10 ** 9, "maxfun": 10 ** 9, "maxls": 50})


def _lbfgsb(trials: Trials) -> None:
    """Begun again, without memory, as long as that lowers the merit: a line search may fail on its way."""
    while True:
        before, steps = trials.best.merit, len(trials.history)
        _bounded(trials)
        gained = before - trials.best.merit
        if len(trials.history) - steps <= 2 or gained <= 1e-12 * max(abs(before), 1e-300):
            return


def _slsqp(trials: Trials) -> None:
    """Kraft 1988: a sequence of least-squares programs. Where the constraints cannot be met together near the
    start, a point that meets them is searched first."""
    for _ in range(3):
        with suppress(Stalled):
            _sequential(trials)
        if trials.best.violation <= TIGHT:
            return
        _bounded(trials, lambda z: _half_squared_misses(trials, z))


def _sequential(trials: Trials) -> None:
    from scipy.optimize import minimize

    equal = trials.floor == trials.ceiling
    below, above = np.isfinite(trials.floor) & ~equal, np.isfinite(trials.ceiling) & ~equal

    def inequalities(z):
        c = trials.constraints(z)[0]
        return np.concatenate([(c - trials.floor)[below], (trials.ceiling - c)[above]])

    def their_slopes(z):
        jacobian = trials.constraints(z)[1]
        return np.concatenate([jacobian[below], -jacobian[above]])

    constraints = [{"type": "eq", "fun": lambda z: (trials.constraints(z)[0] - trials.floor)[equal],
                    "jac": lambda z: trials.constraints(z)[1][equal]},
                   {"type": "ineq", "fun": inequalities, "jac": their_slopes}]
    done = minimize(trials.merit, trials.z, jac=True, method="SLSQP", bounds=list(zip(trials.low, trials.high)),
             constraints=constraints, callback=trials.on_step_or_stall, options={"ftol": 1e-15, "maxiter": 10 ** 9})
    trials.settle(done.x)


def _half_squared_misses(trials: Trials, z: np.ndarray) -> tuple[float, np.ndarray]:
    """½ Σ miss² of the scaled constraints, and its gradient."""
    c, jacobian = trials.constraints(z)
    miss = np.maximum(0.0, c - trials.ceiling) - np.maximum(0.0, trials.floor - c)
    return 0.5 * float(miss @ miss), miss @ jacobian


def _lagrangian(trials: Trials) -> None:
    """Conn, Gould & Toint 1991 (Nocedal & Wright 2006, algorithm 17.4): within the bounds, L-BFGS-B minimises

        f(z) + μ/2 Σ (c(z) + λ/μ − s)²,   s = c(z) + λ/μ brought between floor and ceiling,

    again and again: λ follows the constraints where they come closer to being met, μ grows where they do not.
    """
    multipliers, penalty, close, slope = np.zeros_like(trials.floor), 10.0, 0.1, 0.1
    z = trials.z
    for _ in range(_ROUNDS):
        def function(z, multipliers=multipliers, penalty=penalty):
            (merit, gradient), (c, jacobian) = trials.merit(z), trials.constraints(z)
            shifted = c + multipliers / penalty
            beyond = shifted - np.clip(shifted, trials.floor, trials.ceiling)
            return merit + penalty / 2 * float(beyond @ beyond), gradient + penalty * (beyond @ jacobian)

        z = _bounded(trials, function, z=z, slope=slope).x
        shifted = trials.constraints(z)[0] + multipliers / penalty
        beyond = shifted - np.clip(shifted, trials.floor, trials.ceiling)
        missed = np.max(np.abs(beyond - multipliers / penalty))     # 0 where met, and met exactly where λ is not 0
        if missed <= close:
            multipliers, close, slope = penalty * beyond, max(close / 10, TIGHT / 10), max(slope / 10, TIGHT)
        else:
            penalty *= 10
        if missed <= TIGHT / 10 and slope <= TIGHT:
            break
    trials.settle(z)


SCIPY_METHODS = {   # name -> what goes on from the best point met, as far as it comes
    "l-bfgs": _lbfgs, "l-bfgs-b": _lbfgsb,
    "slsqp": _slsqp,
    "lagrangian": _lagrangian,
}
