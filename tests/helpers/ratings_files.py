"""Fixtures that write a ratings file and read it back; import them by name."""

from __future__ import annotations

import pytest

from solver import UserError, read_ratings

HEAD = "user,item,rating\n"
GOOD = [(1, 10, 4.0), (1, 20, 3.5), (2, 10, 5.0)]


@pytest.fixture
def write(tmp_path):
    def write(content, name="ratings.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path
    return write


@pytest.fixture
def read(write):
    """The triples of a file with this content, and the notes."""
    def read(content, **options):
        ratings, notes = read_ratings(write(content), **options)
        return [(ratings.users[u], ratings.items[i], float(v)) for u, i, v in
                zip(ratings.user_index, ratings.item_index, ratings.values)], notes
    return read


@pytest.fixture
def refuse(write):
    """The sentence for a file with this content."""
    def refuse(content, name="ratings.csv", **options):
        with pytest.raises(UserError) as error:
            read_ratings(write(content, name), **options)
        assert "\n" not in str(error.value) and str(error.value).endswith(".")
        return str(error.value)
    return refuse


def table(rows=GOOD, sep=",", head=("user", "item", "rating")) -> str:
    return "".join(sep.join(map(str, row)) + "\n" for row in ([head] if head else []) + list(rows))
