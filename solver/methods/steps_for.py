"""Which method carries out a fit: the settings, the device and the ratings decide."""

from __future__ import annotations

from importlib.util import find_spec

from solver.core.optimizers import OPTIMIZERS
from solver.core.settings import Settings
from solver.core.steps import FitTask, Steps
from solver.data.ratings import Ratings


def steps_for(problem: FitTask) -> Steps:
    """The steps of the method (a name of `METHODS`) that the settings choose."""
    # imported here: each is loaded only when it is used
    match problem.settings.method:
        case "gibbs" if problem.settings.learn_times:
            from .gibbs_by_day import GibbsByDay
            return GibbsByDay(problem)
        case "gibbs":
            from .gibbs import Gibbs
            return Gibbs(problem)
        case "als" if problem.settings.loss == "all-pairs":
            from .all_pairs import AllPairs
            return AllPairs(problem)
        case "als":
            from .als import AlternatingLeastSquares
            return AlternatingLeastSquares(problem)
        case "full batch":
            from .full_batch import FullBatch
            return FullBatch(problem)
        case "rating by rating":
            steps = _rating_by_rating(problem)
            if problem.settings.implicit_sets == "none":
                return steps
            from .rows_by_sets import RowsBySets
            return RowsBySets(steps, problem)
    return _in_batches(problem)


def cpu_only(settings: Settings, device: str, ratings: Ratings) -> str | None:
    """Why a fit that is to run on a GPU, ``"cuda"`` or ``"mps"``, runs on the CPU instead; None where it does not."""
    if ratings.item_columns is not None and not OPTIMIZERS[settings.optimizer].samples:
        return "Item columns are learnt with on the CPU."
    if settings.learn_times:
        return "Times are learnt from on the CPU."
    if device == "mps" and OPTIMIZERS[settings.optimizer].alternating:
        return f"{settings.optimizer} takes decompositions that Apple's GPU lacks; the CPU is used."
    if one_by_one(settings) and not (device == "cuda" and find_spec("triton")):  # torch brings it along on Linux
        return "SGD a rating at a time runs on a GPU by CUDA and triton, which are not both here; the CPU is used."
    return None


def by_kernels_alone(settings: Settings) -> bool:
    """Whether a fit on the CPU is all done by fused kernels: nothing of it loads torch."""
    if settings.method == "batches" and settings.optimizer == "adamw" and settings.loss == "squared" and settings.model != "net":
        from solver.fused.lazy_adamw import is_lazy
        return is_lazy(settings)
    return one_by_one(settings)


def one_by_one(settings: Settings) -> bool:
    """Whether it is SGD rating by rating, for which there are kernels."""
    return settings.method == "rating by rating"


def _rating_by_rating(problem: FitTask) -> Steps:
    if problem.device == "cuda":
        from solver.gpu.stratified_sgd import StratifiedSGD
        return StratifiedSGD(problem)
    from solver.fused.sgd import FusedSGD
    return FusedSGD(problem)


def _in_batches(problem: FitTask) -> Steps:
    """The fused kernels where there is one for what is asked, else plain torch."""
    settings = problem.settings
    if settings.model != "net" and settings.optimizer == "adamw" and problem.device == "cpu":
        from solver.fused.lazy_adamw import LazyAdamW, is_lazy
        if is_lazy(settings):
            if settings.loss == "cross-entropy" and settings.negatives:
                from solver.fused.implicit_adamw import ImplicitAdamW
                return ImplicitAdamW(problem)
            return LazyAdamW(problem)
    if problem.device == "cuda":
        from .batches.graphed_batch import GraphedMiniBatch, can_be_recorded
        if can_be_recorded(problem):
            return GraphedMiniBatch(problem)
    from .batches.mini_batch import MiniBatch
    return MiniBatch(problem)
