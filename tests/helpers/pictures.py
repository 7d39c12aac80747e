"""Pictures by matplotlib, as tests look at them."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from solver.judging import plots


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The axes of every picture, which are kept."""
    seen, real = [], plots.drawing

    @contextmanager
    def keeps(*args, **options):
        with real(*args, **options) as axes:
            seen.append(axes)
            yield axes
    monkeypatch.setattr(plots, "drawing", keeps)
    return seen


def is_png(path) -> bool:
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 5_000
