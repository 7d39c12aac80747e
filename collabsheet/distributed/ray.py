"""A fit by a Ray cluster: the workers of Ray Train do what the processes of `collabsheet train STORE` do.

    from collabsheet.distributed.ray import fit_on_ray

    model = fit_on_ray(ray.data.read_parquet("s3://…/ratings"), "/shared/films", processes=8, effort="quick")

Needs ``pip install collabsheet[ray]``, on every machine. Source: the documentation of Ray Train, `TorchTrainer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.distributed.agent import RESTARTS
from solver.distributed.fit_store import LostProcess
from solver.errors import UserError

from .shared_folder import fit_in_folder

if TYPE_CHECKING:
    from solver import CollabFilter, Epoch


def fit_on_ray(ratings: Any, folder: str | Path, *, processes: int = 2, columns: Sequence[str] | None = None, effort: str = "good",
        holdout: float = 0.0, resume: bool = False, cpus_per_process: float = 1,
        on_epoch: Callable[[Epoch], None] | None = None, **settings: Any) -> CollabFilter:
    """The model of a `ray.data.Dataset` with a row for every rating, fitted by so many workers of the Ray cluster.

    `folder` is new, and on a disk that all machines see: the ratings, their store and every pass are kept there. `columns` names the
    columns of user, item and rating, where their own names do not tell. `effort` is quick, good or best, and `holdout` is the share of the
    ratings to judge by. `settings` are those of `Settings`, by name. The result does not depend on `processes`. With `resume`, a fit
    that was stopped goes on from its last pass, and `ratings` are not read again. Raises UserError where Ray is not installed, or for
    what is no rating.
    """
    if not hasattr(ratings, "write_parquet"):
        raise UserError(f"The ratings are a {type(ratings).__name__}; a ray.data.Dataset is expected. Make one by ray.data.from_pandas, or use "
                        "CollabFilter().fit.")

    def launch(task: Path, processes: int) -> None:
        _launch(task, processes, cpus_per_process)

    return fit_in_folder(folder, lambda table: ratings.write_parquet(str(table.absolute())), launch, processes=processes, columns=columns,
                         resume=resume, effort=effort, holdout=holdout, on_epoch=on_epoch, settings=settings)


def _launch(task: Path, processes: int, cpus: float) -> None:
    try:
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer
    except ImportError:
        raise UserError("Ray Train is not installed. Install it by: pip install collabsheet[ray]") from None
    trainer = TorchTrainer(_work, train_loop_config={"task": str(task)}, torch_config=TorchConfig(backend="gloo"),
                           scaling_config=ScalingConfig(num_workers=processes, resources_per_worker={"CPU": cpus}),
                           run_config=RunConfig(name="collabsheet", storage_path=str(task.parent.absolute() / "log"),
                                                failure_config=FailureConfig(max_failures=RESTARTS)))
    try:
        trainer.fit()
    except Exception as why:    # of many classes, which change from version to version; a sentence of ours lies beside the task
        raise LostProcess(f" ({type(why).__name__}); what it said is in '{task.parent.name}/log'") from why


def _work(config: dict[str, str]) -> None:
    from solver.distributed.worker import do_task
    do_task(Path(config["task"]))
