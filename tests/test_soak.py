"""What lasts and where it runs, the short form; `python -m campaign.soak` in tests/ is the long one."""

from __future__ import annotations

import sys

import pytest
from campaign.soak import SURROUNDINGS, at_once, live_books, many_fits, pool, threads

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux for memory and open files, and forks")

# Surroundings that do not meet in one variable are tried together: a process takes seconds to start.
TOGETHER = [("no terminal", "-OO", "a home nobody may write to", "stdout in Latin-1"), ("no HOME", "a TMPDIR that is not there", "an unknown locale"),
            ("locale C, no UTF-8",), ("locale tr_TR",)]


def test_every_surrounding_is_tried():
    assert {name for names in TOGETHER for name in names} == set(SURROUNDINGS)


@pytest.mark.parametrize("names", TOGETHER, ids=", ".join)
def test_a_command_works_in_odd_surroundings(tmp_path, names):
    assert at_once(tmp_path, *names) == "fitted"


def test_fits_leave_no_memory_and_no_file_behind(tmp_path):
    assert many_fits(tmp_path, 20).startswith("20 fits; the last 15 grew by ")


def test_threads_find_what_one_finds(tmp_path):
    assert threads(tmp_path, 16) == "16 fits in 8 threads"


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_pools_of_processes_after_a_fit_find_what_it_found(tmp_path, method):
    assert pool(tmp_path, method) == f"4 fits in 2 processes by {method}"


def test_workbooks_that_are_opened_and_closed_live_leave_nothing_open(calc, tmp_path):
    assert live_books(tmp_path, 11, app=calc).startswith("11 times opened and closed, 2 fits; ")
