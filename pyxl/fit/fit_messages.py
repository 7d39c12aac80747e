"""Says how a fit went, in sentences and as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say, json_ready
from pyxl.problems.reports.report import problem_report
from pyxl.problems.reports.report_sheet import report_lines
from pyxl.problems.solve import Solved

if TYPE_CHECKING:
    from solver import Epoch, FitResult, Step

_DEVICES = {"cpu": "the CPU", "cuda": "the GPU", "mps": "Apple's GPU"}


def tell_results(results: dict[str, FitResult | Solved], say: Say) -> None:
    """The lines that tell a person how a fit ended, sheet by sheet."""
    width = max(map(len, results), default=0)
    for name, r in results.items():
        steps = f"{r.minimum.steps} steps" if isinstance(r, Solved) else f"{r.epochs} epochs"
        what = (r.posed.problem.told_goal() if isinstance(r, Solved) else
                f"{r.settings.model:<8}  {r.n_ratings} ratings")
        say(f"{name:<{width}}  {what}  {before_and_after(r)}  ({steps}, {time_and_place(r)})")
        for line in (r.stop, *(f"Note: {note}" for note in r.notes)):
            say(f"{'':<{width}}  {line}")


def tell_reports(results: dict[str, FitResult | Solved], say: Say) -> None:
    """The reports of problems that were solved by their formulas."""
    for result in results.values():
        if isinstance(result, Solved):
            for line in report_lines(result):
                say(line)


def before_and_after(result: FitResult | Solved) -> str:
    """``RMSE 0.996255 → 0.212174, 0.7138 held out``, or the objective's values."""
    if isinstance(result, Solved):
        return f"{result.minimum.value_before:.6g} → {result.minimum.value:.6g}"
    held = "" if result.holdout_rmse is None else f", {result.holdout_rmse:.4f} held out"
    return f"RMSE {result.rmse_before:.6f} → {result.rmse_after:.6f}{held}"


def time_and_place(result: FitResult | Solved) -> str:
    """``0.3 s on the CPU``: how long a fit took, and where it was computed."""
    device = "cpu" if isinstance(result, Solved) else result.device
    return f"{result.seconds:.1f} s on {_DEVICES[device]}"


def on_the_way(seen: Epoch | Step) -> str:
    """How far a fit is: ``epoch 12  RMSE 0.345678``, or the step and the objective."""
    from solver import Epoch

    if isinstance(seen, Epoch):
        return f"epoch {seen.epoch}  RMSE {seen.rmse:.6f}"
    missed = f", constraints missed by {seen.violation:.1e}" if seen.violation > 1e-6 else ""
    gap = "" if seen.gap is None else f", at most {seen.gap:.2%} from the best, {seen.nodes:,} node{'s' * (seen.nodes != 1)}"
    return f"step {seen.number}  objective {seen.value:.9g}{missed}{gap}"


def result_object(result: FitResult | Solved) -> dict:
    """A result of `fit_workbook` as ``--json`` prints it."""
    if isinstance(result, Solved):
        return json_ready(problem_report(result))
    return {"variant": result.settings.model, "n_ratings": result.n_ratings,
            "rmse_before": result.rmse_before, "rmse_after": result.rmse_after, "holdout_rmse": result.holdout_rmse,
            "epochs": result.epochs, "device": result.device, "seconds": result.seconds, "stop": result.stop, "notes": list(result.notes)}
