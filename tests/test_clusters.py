"""Fits by a Ray and by a Spark cluster of two workers on this machine: the same model as without a cluster."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from solver import UserError
from solver.core.settings import Settings
from solver.distributed.fit_store import fit_store
from solver.store.rating_store import open_store

ROOT = Path(__file__).resolve().parent.parent
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SAID = {"optimizer": "als", "epochs": 3, "n_factors": 4, "weight_decay": 0.05}


@pytest.fixture(scope="module", autouse=True)
def found_by_workers():
    """A cluster's workers import the checkout that is tested, by the Python that tests it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
        patched.setenv("PYSPARK_PYTHON", sys.executable)
        # LibreOffice's uno, which tests before these may have loaded, takes import over and makes another error of ModuleNotFoundError,
        # which Ray expects
        patched.setattr("builtins.__import__", importlib.__import__)
        yield


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    pairs = rng.permutation(60 * 40)[:900]
    return pd.DataFrame({"user": pairs // 40 + 1, "item": pairs % 40 + 1, "rating": rng.integers(1, 6, 900).astype(float)})


def same_as_alone(model, folder: Path) -> None:
    """The model of a cluster is the one that a process by itself makes of the store that the cluster wrote, to the last bit."""
    alone = fit_store(open_store(folder / "store"), folder / "alone", Settings(model="dot+bias", **SAID), holdout=0.1)
    assert alone.history[-1].holdout_rmse == model.result_.holdout_rmse
    for name, tensor in alone.factors().tensors().items():
        assert torch.equal(tensor, model.factors_.tensors()[name]), name


def test_a_ray_cluster_makes_the_same_model(table, tmp_path):
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.train")
    from collabsheet.distributed.ray import fit_on_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": os.environ["PYTHONPATH"]}})
    try:
        ratings = ray.data.from_pandas(table)
        model = fit_on_ray(ratings, tmp_path / "films", processes=2, cpus_per_process=0.5, holdout=0.1, **SAID)
        assert (len(model.users_), len(model.items_), model.result_.epochs) == (60, 40, 3)
        same_as_alone(model, tmp_path / "films")
        with pytest.raises(UserError, match="'films' holds something already"):
            fit_on_ray(ratings, tmp_path / "films")
    finally:
        ray.shutdown()


def test_a_spark_cluster_makes_the_same_model(table, tmp_path):
    pytest.importorskip("pyspark")
    from pyspark.sql import SparkSession

    from collabsheet.distributed.spark import fit_on_spark

    spark = (SparkSession.builder.master("local-cluster[2,1,1024]").appName("collabsheet")
             # machines that live for a minute: their code is not optimised, and a table of 900 rows is not cut into 200
             .config("spark.driver.extraJavaOptions", QUICK_JAVA).config("spark.executor.extraJavaOptions", QUICK_JAVA)
             .config("spark.sql.shuffle.partitions", "2").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
             .config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"]).getOrCreate())
    try:
        ratings = spark.createDataFrame(table)
        model = fit_on_spark(ratings, tmp_path / "films", processes=2, holdout=0.1, **SAID)
        assert (len(model.users_), len(model.items_)) == (60, 40)
        same_as_alone(model, tmp_path / "films")
        more = SAID | {"epochs": 4}
        fit_on_spark(ratings, tmp_path / "films", processes=2, holdout=0.1, resume=True, **more)
    finally:
        spark.stop()


def test_what_is_no_table_of_a_cluster_is_refused(table, tmp_path):
    from collabsheet.distributed.ray import fit_on_ray
    from collabsheet.distributed.spark import fit_on_spark

    with pytest.raises(UserError, match="The ratings are a DataFrame; a ray.data.Dataset is expected"):
        fit_on_ray(table, tmp_path / "a")
    with pytest.raises(UserError, match="The ratings are a DataFrame; a DataFrame of Spark is expected"):
        fit_on_spark(table, tmp_path / "b")
    assert not list(tmp_path.iterdir())
