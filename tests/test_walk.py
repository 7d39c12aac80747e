"""What the workbook is for: with the demo open one adds oneself with four ratings, clicks Update and Fit, and reads what to watch."""

from __future__ import annotations

import screen
from walk import RATED, YOU, walk

from pyxl import fit_workbook, open_workbook

FACE = "gen"


def test_from_four_ratings_to_recommendations(tmp_path):
    """By a real mouse on a real screen, as docs/guides/add-yourself.md shows it: slow, and the one test of all of it together."""
    screen.skip_without(FACE)
    path = screen.demo_book(tmp_path)
    fit_workbook(path, out=path, options={"weight_decay": 0.08})
    with screen.Screen(path, tmp_path / "home", face=FACE) as seen:
        recommended = walk(seen)
        sheet = seen.book.sheets["bias"]
        users, films = (seen.book.sheets["bias"].range(f"bias_{side}_ids").value for side in ("user", "item"))
        predicted = dict(zip(films, sheet.range("bias_filled").value[users.index(YOU)]))
    rated = {films[column - 2] for column in RATED}
    assert len(recommended) == 10 and not rated & {film for film, _ in recommended}
    numbers = [number for _, number in recommended]
    assert numbers == sorted(numbers, reverse=True) and all(1 <= number <= 5 for number in numbers)
    assert set(predicted) == set(films) and {film: predicted[film] for film in rated} == {films[column - 2]: value for column, value in RATED.items()}
    with open_workbook(path) as saved:      # by Update, before the fit
        assert YOU in saved.grid("bias").values.values()
