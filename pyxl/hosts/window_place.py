"""Where the window of an open workbook stands and how large it is, in a program that tells: LibreOffice.

A workbook that is closed and opened again gets a new window. Window managers give it the place of the one before; without one, GTK
makes it as small as it can.
"""

from __future__ import annotations

from contextlib import suppress

_MUCH_SMALLER = 0.75
_ALL = 15       # com.sun.star.awt.PosSize.POSSIZE: x, y, width and height
WindowPlace = tuple[int, int, int, int]


def window_place(native) -> WindowPlace | None:
    """(x, y, width, height) of the window; None where there is none to be seen. `native` is the program's own workbook (xlwings' ``api``)."""
    window = _window(native)
    if window is None:
        return None
    place = window.getPosSize()
    return place.X, place.Y, place.Width, place.Height


def put_window(native, place: WindowPlace | None) -> None:
    """Give the window that place and size, where it is much smaller: what a window manager has decided is left alone."""
    now = window_place(native)
    if place is not None and now is not None and any(size < _MUCH_SMALLER * before for size, before in zip(now[2:], place[2:])):
        _window(native).setPosSize(*place, _ALL)


def _window(native):
    with suppress(AttributeError):      # another program, or a workbook without a view
        return native.CurrentController.Frame.ContainerWindow
    return None
