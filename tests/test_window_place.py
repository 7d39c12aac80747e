"""A workbook that is opened again has the window that it had: on a screen without a window manager, where GTK makes it tiny."""

from __future__ import annotations

import screen
import xlsxwriter
from office import until

from pyxl.hosts.window_place import put_window, window_place


def test_a_window_opened_again_is_as_large(tmp_path):
    screen.skip_without("gtk3")
    folder = tmp_path / "my films"
    folder.mkdir()
    with xlsxwriter.Workbook(folder / "some.xlsx") as made:
        made.add_worksheet()
    with screen.Screen(folder / "some.xlsx", tmp_path / "home", face="gtk3") as seen:
        place = window_place(seen.book.api)
        app = seen.book.app
        seen.book.close()
        book = app.books.open(str(folder / "some.xlsx"))
        assert window_place(book.api)[2] < screen.SIZE[0] / 2
        put_window(book.api, place)
        until(lambda: window_place(book.api)[2] == place[2] == screen.SIZE[0] and place[3] - window_place(book.api)[3] < 50)   # less its menu


def test_what_has_no_window_has_no_place(calc):
    book = calc.books.add()
    assert window_place(book.api) is None or put_window(book.api, window_place(book.api)) is None
    assert window_place(object()) is None and put_window(object(), (0, 0, 1, 1)) is None
    book.close()
