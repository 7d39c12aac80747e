"""Reads the ratings that one of our workbooks holds out, to judge a fit by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyxl.grid.block_names import HELD
from pyxl.grid.sheet_names import area_named
from pyxl.hosts.host import Host

if TYPE_CHECKING:
    from pyxl.detect.verified_model import VerifiedModel
    from solver import Ratings


def held_out(host: Host, ready: VerifiedModel) -> Ratings | None:
    """Those listed on the sheet `check`, whose users and items count from 1, but for those that
    somebody has typed into this model sheet since; None where none are held out."""
    from solver import Ratings

    areas = [area for name in HELD if (area := area_named(host, name))]
    if len(areas) < len(HELD):
        return None
    users, items, values = ([row[0] for row in host.grid(sheet).block(area)] for sheet, area in areas)
    here, layout = ready.counted, ready.model.layout
    rated = set(zip(here.user_index.tolist(), here.item_index.tolist()))
    held = [(int(user) - 1, int(item) - 1, value) for user, item, value in zip(users, items, values)
            if isinstance(user, float) and isinstance(item, float) and isinstance(value, float)
            and 1 <= user <= layout.user_factors.shape[0] and 1 <= item <= layout.item_factors.shape[0]
            and (int(user) - 1, int(item) - 1) not in rated]
    if not held:
        return None
    user_index, item_index, observed = map(np.array, zip(*held))
    return Ratings(here.users, here.items, user_index, item_index, observed)
