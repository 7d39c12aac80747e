"""A small built workbook, made once a session, and a copy of it for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import built
from planted import planted

import workbook


@pytest.fixture(scope="session")
def built_once(tmp_path_factory) -> Path:
    """8 users × 9 items with 3 factors each, as `collabsheet new` makes it; it is not to be changed."""
    path = tmp_path_factory.mktemp("built") / "book.xlsx"
    workbook.build(planted(8, 9), path, n_factors=3)
    return path


@pytest.fixture(scope="session")
def bias_once(tmp_path_factory) -> Path:
    """The same with the one model sheet `bias`, and what stands on it: half of the formulas; it is not to be changed."""
    return built(tmp_path_factory.mktemp("built") / "book.xlsx", planted(8, 9), n_factors=3).path


@pytest.fixture
def path(built_once, tmp_path) -> Path:
    """A copy of that workbook."""
    copy = tmp_path / "book.xlsx"
    copy.write_bytes(built_once.read_bytes())
    return copy
