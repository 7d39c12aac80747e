"""Spark's own ALS (pyspark.ml) beside ours: CPU seconds to the same error of the same held-out ratings, on the same machine.

    python tests/benchmarks/bench_spark.py [--ratings 1000000] [--factors 20]

The ratings are made (synthetic.py, "ml-25m"); a tenth is held out. Spark runs with a master local[2]: ALS at each of a few
regularisations, of which the best counts, ten iterations each. Ours are `als`, with weight decays as many, and `quick`, which chooses its own. CPU
seconds are those of the fit alone, of all threads of the JVM, or of our process, from the ratings in memory to the factors; after a
warming up of one iteration, so that neither JVM nor kernels are compiled in them. Nothing here fails.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from records import BUILD, answer_task, run_task, save, say  # noqa: E402
from synthetic import PRESETS, resized, write_csv  # noqa: E402

LONGEST = 1_500.0
PENALTIES = (0.05, 0.1)
ITERATIONS = 10


def _table(path: str):
    """(the ratings learnt from, those held out) as data frames."""
    import pandas as pd

    ratings = pd.read_csv(path)
    held = ratings.sample(frac=0.1, random_state=0)
    return ratings.drop(held.index), held


def task(asked: dict) -> dict:
    return {"spark": _by_spark, "ours": _by_us}[asked["by"]](asked)


def _by_spark(asked: dict) -> dict:
    from pyspark.ml.evaluation import RegressionEvaluator
    from pyspark.ml.recommendation import ALS
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[2]").config("spark.driver.memory", "4g").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    learnt, held = (spark.createDataFrame(part).repartition(2).cache() for part in _table(asked["file"]))
    user, item, rating = learnt.columns[:3]
    learnt.count(), held.count()
    jvm = spark.sparkContext._gateway.proc.pid
    judge = RegressionEvaluator(metricName="rmse", labelCol=rating, predictionCol="prediction")

    def fitted(iterations: int, penalty: float) -> dict:
        als = ALS(rank=asked["factors"], maxIter=iterations, regParam=penalty, userCol=user, itemCol=item, ratingCol=rating, coldStartStrategy="drop", seed=0)
        began, before = time.perf_counter(), _cpu_seconds(jvm)
        model = als.fit(learnt)
        model.userFactors.count(), model.itemFactors.count()
        return {"cpu_seconds": _cpu_seconds(jvm) - before, "seconds": time.perf_counter() - began,
                "rmse": judge.evaluate(model.transform(held)), "penalty": penalty}

    fitted(1, PENALTIES[0])
    return min((fitted(ITERATIONS, penalty) for penalty in PENALTIES), key=lambda found: found["rmse"])


def _by_us(asked: dict) -> dict:
    from solver import CollabFilter

    learnt, held = _table(asked["file"])

    def fitted(**options) -> dict:
        began, before = time.perf_counter(), time.process_time()
        model = CollabFilter(asked["factors"], **options).fit(learnt)
        cpu, seconds = time.process_time() - before, time.perf_counter() - began
        known = held[held.iloc[:, 0].isin(model.users_) & held.iloc[:, 1].isin(model.items_)]
        return {"cpu_seconds": cpu, "seconds": seconds, "rmse": model.evaluate(known, metrics=("rmse",))["rmse"]} | options

    if asked["way"] == "quick":
        fitted(effort="quick", epochs=1)
        return fitted(effort="quick")
    fitted(optimizer="als", weight_decay=PENALTIES[0], epochs=1)
    return min((fitted(optimizer="als", weight_decay=penalty, epochs=ITERATIONS) for penalty in PENALTIES), key=lambda found: found["rmse"])


def _cpu_seconds(process: int) -> float:
    """Of all threads of a process on Linux."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=1_000_000)
    parser.add_argument("--factors", type=int, default=20)
    chosen = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    records = []
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        file = Path(folder) / "ratings.csv"
        write_csv(resized(PRESETS["ml-25m"], chosen.ratings), file)
        for asked in ({"by": "spark"}, {"by": "ours", "way": "als"}, {"by": "ours", "way": "quick"}):
            asked |= {"factors": chosen.factors}
            records.append({"kind": "spark", "ratings": chosen.ratings} | asked | run_task(__file__, asked | {"file": str(file)}, seconds=LONGEST))
            say(json.dumps(records[-1]))
            save("spark", records)


if __name__ == "__main__":
    if not answer_task(sys.argv, task):
        main()
