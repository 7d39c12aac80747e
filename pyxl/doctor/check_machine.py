"""What a fit needs of this machine: Python, torch, the compiled kernels, xlwings, a folder of its own."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pyxl.base.own_folder import own_folder
from solver.errors import UserError

from .finding import Finding, pip_install

_TABLE = [[5, 3, 4], [4, None, 3], [1, 1, 5]]   # ratings to try a fit on


def machine() -> Iterator[Finding]:
    """Each thing as soon as it is known."""
    conda = Path(sys.prefix, "conda-meta").is_dir()
    yield Finding("Python", "works", f"{platform.python_version()}, {sys.executable}" + (", of a conda environment" if conda else ""))
    yield _torch()
    yield _fit()
    yield _kernels()
    yield _xlwings()
    yield _folder()


def _torch() -> Finding:
    try:
        import torch
    except Exception as why:    # a library of it that is missing shows as whatever its loader raises
        return Finding("torch", "fails", f"Python cannot load it: {_in_short(why)}", pip_install("torch"))
    if torch.cuda.is_available():
        where = f"large fits run on the GPU {torch.cuda.get_device_name()}"
    elif torch.backends.mps.is_available():
        where = "fits run on the CPU; --device mps takes Apple's GPU"
    else:
        where = f"fits run on the CPU, with {torch.get_num_threads()} threads"
    return Finding("torch", "works", f"{torch.__version__}, {where}")


def _fit() -> Finding:
    try:
        result = _fitted(weight_decay=0.01)
    except Exception as why:
        return Finding("a fit", "fails", f"It cannot be done: {_in_short(why)}", "Mend torch first.")
    if not result.rmse_after < result.rmse_before:
        return Finding("a fit", "fails", f"RMSE did not fall: {result.rmse_before:.4f} → {result.rmse_after:.4f}",
                       "Please report this, with the line on torch above.")
    return Finding("a fit", "works", f"{result.n_ratings} ratings fitted, RMSE {result.rmse_before:.4f} → {result.rmse_after:.4f}")


def _kernels() -> Finding:
    try:
        _fitted(optimizer="sgd", batch_size=1, epochs=1, dtype="float32")
        import numba
    except Exception as why:
        return Finding("kernels", "missing", f"Large files cannot be trained on, sheets can be fitted: {_in_short(why)}",
                       pip_install("numba"))
    return Finding("kernels", "works", f"compiled by numba {numba.__version__} for this machine")


def _fitted(**options):
    import numpy as np

    from solver import Ratings, Settings, fit
    ratings = Ratings.from_crosstab(np.array(_TABLE, dtype=float), range(3), range(3))
    return fit(ratings, None, Settings(model="dot+bias", n_factors=2, **options))


def _xlwings() -> Finding:
    try:
        return Finding("xlwings", "works", version("xlwings"))
    except PackageNotFoundError:
        return Finding("xlwings", "missing", "Nothing can be fitted in an open workbook, files can.", pip_install("xlwings"))


def _folder() -> Finding:
    try:
        folder = own_folder()
        with tempfile.TemporaryFile(dir=folder):
            return Finding("own folder", "works", f"{folder}, for the log")
    except (OSError, UserError) as why:
        return Finding("own folder", "missing", f"Nothing can be fitted in an open workbook: {why}.",
                       f"Make it a folder that you may write to: {os.path.join(os.path.expanduser('~'), '.collabsheet')}")


def _in_short(why: BaseException) -> str:
    return f"{type(why).__name__}: {' '.join(str(why).split())[:300]}"
