"""Names at the ends of curves, instead of a legend."""

from __future__ import annotations

from collections.abc import Sequence

LINE, WIDE = 13, 85  # height and width of a name, in points


def name_curves(axes, ends: Sequence[tuple[str, str, float, float]], *, strong: str | None = None) -> None:
    """(name, colour, x, y) each: to the right of the point, and moved up where it would lie on another name."""
    figure = axes.get_figure()
    figure.canvas.draw()  # puts the axes in their place
    points = 72 / figure.dpi
    taken: list[tuple[float, float]] = []
    for name, colour, x, y in sorted(ends, key=lambda end: end[3]):
        left, height = axes.transData.transform((x, y)) * points
        lift = -3.0
        while any(abs(left - other) < WIDE and abs(height + lift - at) < LINE for other, at in taken):
            lift += 3
        taken.append((left, height + lift))
        axes.annotate(name, (x, y), (8, lift), textcoords="offset points", color=colour, fontsize=9.5,
                      fontweight="bold" if name == strong else "normal")
