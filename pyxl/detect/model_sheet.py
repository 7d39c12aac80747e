"""What `detect` finds on a sheet, and the reasons why it finds nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyxl.grid.layout import Layout
from solver.errors import UserError

NOBODY = -1


class NotRecognised(UserError):
    """Why a sheet that compares ratings with predictions is not a model that we know."""


class NotVerified(NotRecognised):
    """Why a sheet that is built like a model that we know is none: its numbers are others."""


class StatedOtherwise(NotRecognised):
    """Why a sheet that is built like a model that we know is not fitted as one: Solver's stored model says otherwise."""


class Damaged(NotRecognised):
    """What is wrong with a model that a row or column was inserted into, or taken out of, in one of its blocks alone."""


class NoModel(NotRecognised):
    """Why a sheet is none at all: nothing on it compares ratings with predictions."""


@dataclass(frozen=True, eq=False)
class ModelSheet:
    """A Layout, and whose rating each cell of ``layout.ratings`` is: `user_of` and `item_of` have
    the shape of that range and give rows of the user and item blocks, or NOBODY for a row of a long table without
    a rating."""

    layout: Layout
    user_of: np.ndarray
    item_of: np.ndarray
