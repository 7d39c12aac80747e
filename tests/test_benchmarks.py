"""The benchmarks run and say what they found: tables, pictures and the page, at sizes of nothing and without peers."""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

import bench_formulas  # noqa: E402
import bench_frontier  # noqa: E402
import bench_scale  # noqa: E402
import cost  # noqa: E402
import frontier_plot  # noqa: E402
import make_benchmarks  # noqa: E402
import peers  # noqa: E402
import records  # noqa: E402
import systems  # noqa: E402
from frontier_tables import budgets_table, by_knowledge, ratios_table, report, results, systems_table  # noqa: E402
from synthetic import PRESETS, generate, resized  # noqa: E402

TINY = resized(PRESETS["ml-100k"], 3_000)


def record(system: str, rmse: float, seconds: float, *, family: str | None = None) -> dict:
    return {"data": "films", "system": system, "family": family or system.partition(",")[0],
            "rmse": [rmse - 0.01, rmse, rmse + 0.01], "seconds": [seconds, 2 * seconds, seconds / 2]}


RECORDS = [record("collabsheet, quick", 0.90, 0.04), record("collabsheet, best", 0.85, 4.0),
           record("LIBMF, k = 48", 0.91, 0.16), record("Surprise SVD, tuned", 0.89, 2.0, family="Surprise"),
           record("myFM, rank 50", 0.86, 20.0), record("biases alone", 0.5, 0.001),
           {"data": "films", "system": "fastai, batch 512", "family": "fastai", "failed": "no such module"}]


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_a_systems_row_is_its_mean_error_and_median_seconds():
    cells = {row[0]: row[1] for row in rows(systems_table(results(RECORDS)))}
    assert cells["collabsheet, quick"] == "0.9000 ± 0.0058 / 0.040" and "fastai, batch 512" not in cells


def test_at_a_budget_the_best_that_is_done_counts_and_biases_are_no_peer():
    found = {row[1]: row[2:] for row in rows(budgets_table(results(RECORDS)))}
    assert found["0.05"] == ["quick", "0.9000", "none is done", "", "", "yes, alone"]
    assert found["0.2"] == ["quick", "0.9000", "LIBMF, k = 48", "0.9100", "-0.0100", "yes"]
    assert found["5"] == ["best", "0.8500", "Surprise SVD, tuned", "0.8900", "-0.0400", "yes"]
    behind = budgets_table(results([*RECORDS, record("LIBMF, k = 9", 0.88, 0.01)]))
    assert rows(behind)[0][-2:] == ["", "no"] or rows(behind)[0][-1] == "no"


def test_a_ratio_is_of_our_fastest_that_is_as_accurate():
    found = {row[1]: row[2:] for row in rows(ratios_table(results(RECORDS)))}
    assert found["LIBMF, native"] == ["0.9100", "0.16", "quick", "0.9000", "0.040", "4.0×", "3×", "yes"]
    assert found["Surprise SVD, tuned"][-5:] == ["0.8500", "4.0", "0.5×", "50×", "no"]  # quick is less accurate
    assert rows(ratios_table(results(
        [RECORDS[0], record("myFM, rank 50", 0.86, 20.0)])))[0][-6:] == ["none is as accurate", "", "", "", "3×", "no"]


def test_who_was_told_the_genres_competes_apart_and_myfm_with_the_same_has_an_aim_of_its_own():
    told = [record("collabsheet with genres, best", 0.80, 4.0, family="with genres"),
            record("myFM with sets and genres, rank 10", 0.79, 8.0, family="myFM with genres"),
            record("myFM with sets, rank 10", 0.84, 6.0, family="myFM with sets")]
    contests = by_knowledge(results([*RECORDS, *told]))
    budgets = {(row[0], row[1]): row[2:] for row in rows(budgets_table(contests))}
    assert budgets["films", "30"] == ["best", "0.8500", "myFM with sets, rank 10", "0.8400", "+0.0100", "no"]
    assert budgets["films, with genres", "5"] == ["best", "0.8000", "Surprise SVD, tuned", "0.8900", "-0.0900", "yes"]
    assert budgets["films, with genres", "30"][2:4] == ["myFM with sets and genres, rank 10", "0.7900"]
    ratios = {(row[0], row[1]): row[2:] for row in rows(ratios_table(contests))}
    assert ratios["films", "myFM, the most accurate"][-5:] == ["0.8500", "4.0", "5.0×", "3×", "yes"]
    assert ratios["films, with genres", "myFM with the same, the most accurate"][:3] == ["0.7900", "8.0", "none is as accurate"]


def test_systems_that_are_not_named_keep_their_records_which_say_when_they_are_older(monkeypatch, tmp_path):
    data = systems.SMALL
    monkeypatch.setattr(bench_frontier, "ratings_of", lambda *_: generate(TINY))
    monkeypatch.setattr(bench_frontier, "run_task", lambda *_, **more: {"rmse": [0.9], "seconds": [0.1], "processor_seconds": [0.1]})
    old = [{**record(name, 0.95, 1.0), "data": data, "date": "2026-01-01", "machine": "a slow one"} for name in ("biases alone", "collabsheet, quick")]
    found = [one for one in bench_frontier.measure(folder=tmp_path, names=["biases"], kept=old) if one["data"] == data]
    assert [(one["system"], one["rmse"][0]) for one in found] == [("biases alone", 0.9), ("collabsheet, quick", 0.94)]
    filled = report(found)
    assert "0.9500 ± 0.0058 / 1.0 *" in filled["frontier_systems"] and "0.9000 / 0.10 |" in filled["frontier_systems"]
    assert filled["frontier_earlier"].startswith("\\* measured on 2026-01-01 on a slow one.") and report(RECORDS)["frontier_earlier"] == ""


def test_what_failed_is_named():
    assert report(RECORDS)["frontier_failed"] == "\n- not measured: fastai, batch 512 on films: no such module"


def test_curves_join_what_improves_and_a_picture_is_drawn(tmp_path):
    assert frontier_plot.improving([(1, 0.9), (2, 0.95), (3, 0.85)]) == [(1, 0.9), (3, 0.85)]
    [picture] = frontier_plot.draw(RECORDS, tmp_path)
    assert picture.name == "frontier-films.png" and picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.filterwarnings("ignore:No rating was learnt from")
def test_our_own_system_and_the_plain_loop_are_measured_in_a_process(tmp_path, monkeypatch):
    made = generate(TINY)
    named = replace(made, users=tuple(f"u{n}" for n in made.users), items=tuple(9 * n for n in made.items))
    monkeypatch.setattr(bench_frontier, "ratings_of", lambda data, folder: named)
    for system, most in (("collabsheet, quick", made.values.std()), ("biases alone", made.values.std()), ("plain torch", 1.4)):
        found = bench_frontier.task({"data": "films", "folder": str(tmp_path), "system": system, "splits": 2})
        assert len(found["rmse"]) == len(found["seconds"]) == 2
        assert all(0.8 < rmse < most for rmse in found["rmse"])


def test_a_task_answers_and_one_that_breaks_or_hangs_does_not_end_the_run(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"import sys, time; sys.path.insert(0, {str(BENCHMARKS)!r})\n"
                      "from records import answer_task\n"
                      "def task(asked):\n"
                      "    print('chatter')\n"
                      "    time.sleep(asked.get('sleep', 0))\n"
                      "    return {'half': asked['number'] / 2}\n"
                      "answer_task(sys.argv, task)\n")
    assert records.run_task(str(script), {"number": 3}, seconds=60) == {"half": 1.5}
    assert records.run_task(str(script), {}, seconds=60) == {"failed": "KeyError: 'number'"}
    assert records.run_task(str(script), {"number": 3, "sleep": 60}, seconds=1) == {"failed": "not done after 1 s"}


def test_a_peer_that_is_not_there_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(peers.LibMF, "needs", {"no_such_module_anywhere": "pip install it"})
    system = next(system for system in systems.SYSTEMS if system.family == "LIBMF")
    assert system.missing == "pip install it"


@pytest.mark.parametrize("way", cost.WAYS, ids=lambda way: way.name)
def test_every_way_of_fitting_has_a_pass_that_takes_time(way):
    found = cost.pass_seconds(way, generate(TINY), device="cpu")
    assert found["epochs"] == way.epochs and 0 < found["pass"] < found["fit"]


def test_the_bytes_of_a_pass_lie_between_every_row_once_and_two_rows_a_rating():
    ratings = generate(TINY)
    row = 4 * (cost.FACTORS + 1)
    assert cost.bytes_least(ratings) == 12 * 3_000 + 2 * row * (ratings.n_users + ratings.n_items)
    assert cost.bytes_most(ratings) == 3_000 * (12 + 4 * row)


def test_bandwidth_and_memory_are_plausible():
    assert 1e8 < cost.bandwidth(floats=1 << 20) < 1e13
    code = ("import cost, numpy as np\nbefore = cost.memory(peak=True)\nblock = np.ones(30_000_000)\n"
            "print(cost.memory(peak=True) - before > 0.5 * block.nbytes)")     # in a process that has had no more than now
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(cost.__file__).parent)
    assert done.stdout == "True\n", done.stderr


def test_seconds_have_two_digits_that_mean_something():
    assert [records.seconds_text(s) for s in (0.00123, 0.0214, 0.214, 2.14, 21.4)] == ["0.0012", "0.021", "0.21", "2.1", "21"]


def test_the_page_is_filled_with_what_there_is_and_says_what_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "ROOT", tmp_path)
    monkeypatch.setattr(records, "BUILD", tmp_path / "build")
    monkeypatch.setattr(records, "KEPT", tmp_path / "kept")
    records.save("frontier", RECORDS)
    records.keep_texts({"data_table": "as it was measured before"})
    make_benchmarks.write_page(tmp_path / "page.md", tmp_path / "pictures")
    page = (tmp_path / "page.md").read_text()
    assert "| collabsheet, quick " in page and "![frontier-films](pictures/frontier-films.png)" in page
    assert "as it was measured before" in page and records.kept_texts() == {
        "data_table": "as it was measured before"}
    assert make_benchmarks.NOT_RUN in page and not re.search(r"\$\{\w+\}", page)
    assert records.load("frontier")[1] == RECORDS and str(tmp_path) not in page


def test_every_name_in_the_page_has_somebody_who_fills_it():
    known = {*report(RECORDS), *bench_scale.report([]), *make_benchmarks.REPORTS["gpu"]([]), "data_table",
             "frontier_pictures", "scale_pictures", *(f"{part}_{what}" for part in make_benchmarks.PARTS
                                                      for what in ("machine", "versions", "date", "load"))}
    used = set(re.findall(r"\$\{(\w+)\}", (BENCHMARKS / "benchmarks.template.md").read_text()))
    assert used <= known


def test_formulas_are_held_against_the_factor_model(tmp_path):
    row = bench_formulas.beside_the_model(tmp_path / "sheet.xlsx", 6, 5, Namespace(share=0.8, factors=2, rounds=1))
    assert row.startswith("| 6 × 5 × 2 | 31 |")
