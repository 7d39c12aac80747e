"""A fit by a Spark cluster: Spark's TorchDistributor starts what the processes of `collabsheet train STORE` do.

    from collabsheet.distributed.spark import fit_on_spark

    model = fit_on_spark(spark.table("ratings"), "/shared/films", processes=8, effort="quick")

Needs ``pip install collabsheet[spark]``, on every machine. Source: the documentation of PySpark, `TorchDistributor`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.distributed.fit_store import LostProcess
from solver.errors import UserError

from .shared_folder import fit_in_folder

if TYPE_CHECKING:
    from solver import CollabFilter, Epoch


def fit_on_spark(ratings: Any, folder: str | Path, *, processes: int = 2, columns: Sequence[str] | None = None, effort: str = "good",
        holdout: float = 0.0, resume: bool = False, on_epoch: Callable[[Epoch], None] | None = None, **settings: Any) -> CollabFilter:
    """The model of a Spark DataFrame with a row for every rating, fitted by so many tasks of the Spark cluster at once.

    The arguments are those of `fit_on_ray`: `folder` is new, and on a disk that all machines see, and `settings` are those of `Settings`.
    The result does not depend on `processes`. Raises UserError where PySpark is not installed, or for what is no rating.
    """
    if not hasattr(ratings, "sparkSession"):
        raise UserError(f"The ratings are a {type(ratings).__name__}; a DataFrame of Spark is expected. Make one by "
                        "spark.createDataFrame, or use CollabFilter().fit.")
    return fit_in_folder(folder, lambda table: ratings.write.parquet(table.absolute().as_uri()), _launch, processes=processes,
                         columns=columns, resume=resume, effort=effort, holdout=holdout, on_epoch=on_epoch, settings=settings)


def _launch(task: Path, processes: int) -> None:
    try:
        from pyspark.ml.torch.distributor import TorchDistributor
    except ImportError:
        raise UserError("PySpark's TorchDistributor is not installed. Install it by: pip install collabsheet[spark]") from None
    try:
        TorchDistributor(num_processes=processes, local_mode=False, use_gpu=False).run(_work, str(task.absolute()))
    except Exception as why:    # of many classes, which change from version to version; a sentence of ours lies beside the task
        raise LostProcess(f" ({type(why).__name__})") from why


def _work(task: str) -> None:
    from solver.distributed.worker import do_task
    do_task(Path(task))
