"""Draws negatives for the batches of an epoch of implicit feedback, many batches at once.

The limit: a drawn pair waits for one slot of a table of some MB, and for the places of a search in the items of
its user, which lie together: some tens of ns, where a search among all pairs takes hundreds.
"""

from __future__ import annotations

from functools import cache


@cache
def mix_kernel():
    """`mix`, compiled where numba can be loaded."""
    try:
        from solver.kernels.parts.kernel_parts import compiled
    except ImportError:
        return mix
    return compiled(mix)


def mix(users, items, size, how_many, first, again, slots, starts, known, n_users, out_users, out_items, targets):
    """Fill `out_users`, `out_items` (row numbers) and `targets`, (n · (1 + how_many),), from pairs (n,) in batches of `size`.

    In a batch stand the pairs themselves, and then for each of them one drawn pair after the other, `how_many` times.
    `first` and `again` (n · how_many,) are random places in `slots`; the second one counts where the
    first pair happened. A user's items are ``known[starts[user]:starts[user + 1]]``, in rising order.
    """
    n, each = len(users), 1 + how_many
    for begin in range(0, n, size):
        batch = min(size, n - begin)
        out = begin * each
        for j in range(batch):
            out_users[out + j], out_items[out + j], targets[out + j] = users[begin + j], n_users + items[begin + j], 1
        for turn in range(how_many):
            for j in range(batch):
                user, draw = users[begin + j], begin * how_many + turn * batch + j
                item, happened = slots[first[draw]], False
                for attempt in range(2):
                    if attempt == 1:
                        if not happened:
                            break
                        item = slots[again[draw]]
                    low, high = starts[user], starts[user + 1]
                    while low < high:
                        middle = (low + high) // 2
                        if known[middle] < item:
                            low = middle + 1
                        else:
                            high = middle
                    happened = low < starts[user + 1] and known[low] == item
                place = out + batch * (1 + turn) + j
                out_users[place], out_items[place], targets[place] = user, n_users + item, 1 if happened else 0
