"""The days on which each user rated, each a row of its own beside the user's own row.

The table of rows begins with the users' own, in their order, and the days follow, user by user, the earliest first. A rating
belongs to the row of its user's day; one of a day on which its user rated nothing belongs to the user's own row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.errors import UserError

from .ratings import Ratings

# What a time must be at least to count as seconds, thousandths, millionths or billionths of them since 1970, and how many of them are a
# day. Smaller numbers, such as years or 20240531, are days, or whatever else somebody counts by, themselves.
_UNITS = ((1e17, 86_400e9), (1e14, 86_400e6), (1e11, 86_400e3), (1e8, 86_400.0))


@dataclass(frozen=True, eq=False)
class Days:
    """`users` (n_days,) and `numbers` (n_days,): whose each day is and which, both whole numbers; `per_day` is how much time a day takes."""

    n_users: int
    users: np.ndarray
    numbers: np.ndarray
    per_day: float

    @classmethod
    def of(cls, ratings: Ratings) -> Days:
        """The days of these ratings. Raises UserError where their times are not known."""
        times = times_of(ratings)
        per_day = next((per for least, per in _UNITS if float(np.abs(times).max(initial=0)) >= least), 1.0)
        users, numbers = ratings.user_index.astype(np.int64), _days(times, per_day)
        order = np.lexsort((numbers, users))
        users, numbers = users[order], numbers[order]
        first = np.append(True, (users[1:] != users[:-1]) | (numbers[1:] != numbers[:-1]))[:len(users)]
        return cls(ratings.n_users, users[first], numbers[first], per_day)

    def __len__(self) -> int:
        return len(self.users)

    @property
    def n_rows(self) -> int:
        """Of the table: the users' own, and the days."""
        return self.n_users + len(self)

    @property
    def starts(self) -> np.ndarray:
        """(n_users + 1,) the days of user u are those from ``starts[u]`` to ``starts[u + 1]``."""
        return np.searchsorted(self.users, np.arange(self.n_users + 1))

    @property
    def latest(self) -> np.ndarray:
        """(n_users,) the row of each user's latest day; of a user without any, that of the user."""
        starts = self.starts
        return np.where(starts[1:] > starts[:-1], self.n_users + starts[1:] - 1, np.arange(self.n_users))

    def rows(self, users: np.ndarray, times: np.ndarray) -> np.ndarray:
        """(n,) the row of each user at each time, where that is no number, of the latest day; −1 stays −1."""
        dated = np.isfinite(times)
        numbers = _days(np.where(dated, times, 0.0), self.per_day)
        found = np.where(dated | (users < 0), users, self.latest[users]).astype(np.int64)
        least, most = self.numbers.min(), self.numbers.max()
        inside = dated & (users >= 0) & (numbers >= least) & (numbers <= most)
        span = most - least + 1
        keys = self.users * span + (self.numbers - least)           # in rising order
        wanted = users[inside] * span + (numbers[inside] - least)
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found[inside] = np.where(keys[places] == wanted, self.n_users + places, found[inside])
        return found

    def in_rows(self, ratings: Ratings) -> Ratings:
        """The same ratings, of which each is by the row that it belongs to."""
        return replace(ratings, users=tuple(range(self.n_rows)), user_columns=None, user_index=self.rows(ratings.user_index, times_of(ratings)))


def times_of(ratings: Ratings) -> np.ndarray:
    """(n,) when each was given. Raises UserError where that is not known."""
    if ratings.times is None:
        raise UserError("learn_times is true, and the ratings have no times. Give a column of times (--columns USER,ITEM,RATING,TIME), or leave "
                        "out learn_times (--learn-times).")
    if not np.isfinite(ratings.times).all():
        n = int((~np.isfinite(ratings.times)).argmax())
        raise UserError(f"learn_times is true, and rating {n + 1:,} has no time. Give one, or leave that rating out.")
    return ratings.times


def _days(times: np.ndarray, per_day: float) -> np.ndarray:
    return np.floor(np.asarray(times, np.float64) / per_day).astype(np.int64)
