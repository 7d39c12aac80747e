"""Blocks of a store one after another, the next ones read while the first is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from .rating_store import RatingStore, StoredBlock

AHEAD_BLOCKS = 2    # how many wait in memory beside the one that is worked on
Part = Callable[[int], slice]       # part(n) chooses the wanted ratings of a block of n


def blocks_ahead(store: RatingStore, places: Iterable[tuple[int, int]], part: Part) -> Iterator[StoredBlock]:
    """The wanted part of the block at each of these places (user block, item block)."""
    waiting: deque[Future[StoredBlock]] = deque()
    places = iter(places)
    with ThreadPoolExecutor(1) as reader:
        def ask(n: int) -> None:
            for u, i in islice(places, n):
                waiting.append(reader.submit(store.block, u, i, part(int(store.counts[u, i]))))

        ask(1 + AHEAD_BLOCKS)
        while waiting:
            block = waiting.popleft().result()
            ask(1)
            yield block


def ratings_in_part(store: RatingStore, part: Part) -> int:
    """The number of ratings in this part of all blocks."""
    return sum(len(range(*part(int(count)).indices(int(count)))) for count in store.counts.flat)


def learnt_part(holdout: float) -> Part:
    """All of a block but its last ones, which are held out. They are a random share, since blocks are shuffled."""
    return lambda n: slice(0, n - round(n * holdout))


def held_out_part(holdout: float) -> Part:
    """The last ratings of a block, which are held out."""
    return lambda n: slice(n - round(n * holdout), n)
