"""What every process of a fit of a store is told, and which blocks are its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from solver.core.settings import Settings
from solver.errors import UserError
from solver.store.rating_store import RatingStore

from .group import ProcessGroup


@dataclass(frozen=True, kw_only=True)
class StoreTask:
    """What every process of a fit is told. `holdout` is the share of every block that is not learnt from, and `clip` the range to
    which its predictions are clipped. `threads` is the number in one process; it changes no result."""

    store: str
    folder: str
    settings: Settings
    holdout: float
    clip: tuple[float, float]
    threads: int = 1

    @property
    def epochs(self) -> int:
        return self.settings.most_epochs

    def noted(self, store: RatingStore) -> dict[str, Any]:
        """All that the result depends on: where it is the same, a fit goes on from its last pass."""
        return {"store": store.identity, "settings": asdict(self.settings), "holdout": self.holdout, "clip": list(self.clip)}


def not_for_stores(optimizer: str) -> UserError:
    """The error for an optimizer that no pass over a store is made for."""
    return UserError(f"A store is fitted by sgd, rating by rating, by als or by gibbs, and not by {optimizer}. Choose one of these, or give "
                     "the ratings as a table.")


def own_blocks(blocks: int, group: ProcessGroup) -> range:
    """The numbers of the blocks that this process has: its user blocks, and its item blocks at the beginning of a pass."""
    return range(blocks * group.rank // group.size, blocks * (group.rank + 1) // group.size)
