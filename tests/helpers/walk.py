"""The walk of a newcomer with the demo: four ratings of one's own, Update, Fit, and what to watch next. All by clicks on buttons."""

from __future__ import annotations

from collections.abc import Callable

from office import until
from screen import DEMO_USERS, Screen

from workbook.views.recommend_sheet import CHOSEN_USER

YOU, RATED = "You", {2: 5, 5: 1.5, 9: 4.5, 12: 2}     # the column of a film on `ratings` -> one's rating
_BELOW_USERS = 8 + DEMO_USERS     # the row there


def walk(screen: Screen, *, picture: Callable[[str], None] = lambda name: None) -> list[tuple[str, float]]:
    """Add oneself below the users of the demo, press Update and Fit; the films recommended, with predictions.
    `picture` is told when there is something to see."""
    ratings = screen.book.sheets["ratings"]
    ratings.activate()
    ratings.range((_BELOW_USERS, 1)).value = YOU
    for column, rating in RATED.items():
        ratings.range((_BELOW_USERS, column)).value = rating
    screen.settle()
    picture("typed")
    screen.click("Update", followed=lambda: _status(screen, "ratings", "source_status"))
    until(lambda: _opened_anew(screen), 120)
    screen.settle()
    picture("updated")
    bias = screen.book.sheets["bias"]
    bias.activate()
    screen.settle()
    screen.click("Fit", followed=lambda: _status(screen, "bias", "bias_status"))
    until(lambda: _status(screen, "bias", "bias_status").startswith("RMSE "), 120)
    screen.settle()
    picture("fitted")
    recommend = screen.book.sheets["recommend"]
    recommend.range(str(CHOSEN_USER)).value = YOU
    recommend.activate()
    screen.settle()
    picture("recommended")
    rows = recommend.range("A1:D30").value
    return [(title, number) for _, title, number, *_ in rows if isinstance(number, float) and isinstance(title, str)]


def _status(screen: Screen, sheet: str, name: str) -> str:
    return str(screen.book.sheets[sheet].range(name).value or "")


def _opened_anew(screen: Screen) -> bool:
    """Whether the updated workbook is there; while it is closed and opened, nothing is."""
    try:
        screen.look()
        return _status(screen, "ratings", "source_status").startswith("Updated")
    except Exception:
        return False
