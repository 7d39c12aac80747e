"""`collabsheet look`: what a table holds, as the same numbers for a person and for a program."""

from __future__ import annotations

import json

from ratings_files import table

from pyxl.__main__ import main


def looked_at(capsys, path, *options):
    assert main(["look", str(path), *options]) == 0
    shown = capsys.readouterr().out
    assert main(["look", str(path), *options, "--json"]) == 0
    return shown, json.loads(capsys.readouterr().out)


def test_it_counts_what_is_read(tmp_path, capsys):
    rows = [(u, i, (u * i) % 5 + 1, 978300760 + 86400 * u) for u in range(1, 7) for i in range(1, u + 2)] + [(1, 1, 5, 978300760 + 86400)]
    (path := tmp_path / "r.csv").write_text(table(rows, sep=";", head=("user", "item", "rating", "time")))
    shown, found = looked_at(capsys, path)
    assert (found["ratings"], found["users"], found["items"], found["density"]) == (27, 6, 7, 27 / 42)
    assert found["first"][0] == {"user": 1, "item": 2, "rating": 3.0}   # the latest rating of a pair counts
    assert (found["ratings_per_user"], found["ratings_per_item"]) == ([2, 4.5, 7], [1, 4.0, 6])
    assert sum(bar["count"] for bar in found["histogram"]) == 27 and [bar["value"] for bar in found["histogram"]] == list("12345")
    assert found["times"] == ["2001-01-01", "2001-01-06"] and "They are from 2001-01-01 to 2001-01-06." in shown
    assert "';' between the columns" in shown and "1 pair rated more than once" in shown and "64.3 % of all pairs" in shown


def test_pairs_and_many_values_are_told(tmp_path, capsys):
    (path := tmp_path / "r.csv").write_text(table([(u, i) for u in range(3) for i in range(3)], head=("user", "item")))
    assert "train --feedback implicit" in looked_at(capsys, path)[0]
    path.write_text(table([(u, i, 1.5 ** (u + i)) for u in range(9) for i in range(9)]))
    _, found = looked_at(capsys, path)
    assert len(found["histogram"]) == 17
    path.write_text(table([(u, i, 1.1 ** (u * i)) for u in range(9) for i in range(9)]))
    _, found = looked_at(capsys, path)
    assert len(found["histogram"]) <= 10 and sum(bar["count"] for bar in found["histogram"]) == 81
