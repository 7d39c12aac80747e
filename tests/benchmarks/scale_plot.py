"""The picture of aim 3: seconds of a pass and memory over the number of ratings, both axes logarithmic."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curve_names import name_curves

COLOURS = ("#d55e00", "#0072b2", "#009e73")  # told apart by people with any colour vision (Okabe & Ito 2008)


def draw(records: Sequence[dict], folder: Path) -> Path:
    """scale.png"""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    times, memory = figure.subplots(1, 2)
    passes = [r for r in records if r["kind"] == "pass" and "failed" not in r and not r["way"].endswith("1 thread")]
    speed = next((r["bytes"] for r in records if r["kind"] == "bandwidth"), None)
    ways = dict(zip(dict.fromkeys(r["way"] for r in passes), COLOURS))
    time_ends, memory_ends = [], []
    for way, colour in ways.items():
        found = [r for r in passes if r["way"] == way]
        time_ends += _curve(times, way, colour, [(r["ratings"], r["pass"]) for r in found])
        memory_ends += _curve(memory, way, colour, [(r["ratings"], (r["memory"] - r["before"]) / 2**30) for r in found])
    if speed and passes:
        first = [r for r in passes if r["way"] == passes[0]["way"]]
        n = [r["ratings"] for r in first]
        times.fill_between(n, [r["least"] / speed for r in first], [r["most"] / speed for r in first], color="#dddddd",
                           zorder=0, linewidth=0)
        time_ends.append(("SGD at the limit", "#777777", n[-1], first[-1]["least"] / speed))
        memory_ends += _curve(memory, "the ratings", "#777777", [(count, 12 * count / 2**30) for count in n], dashed=True)
    for axes, title in ((times, "seconds of a pass"), (memory, "memory that the fit adds, GiB")):
        axes.set(xscale="log", yscale="log", xlabel="ratings")
        axes.set_title(title, loc="left", fontsize=11)
        axes.xaxis.set_major_formatter(lambda x, _: f"{x / 1e6:g} million")
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.08)
        axes.set_xlim(right=axes.get_xlim()[1] * 6)  # for the names
    name_curves(times, time_ends)
    name_curves(memory, memory_ends)
    path = folder / "scale.png"
    figure.savefig(path, dpi=110)
    return path


def _curve(axes, name: str, colour: str, points: Sequence[tuple[float, float]], *, dashed: bool = False) -> list[tuple]:
    """Drawn; what `name_curves` wants to know of its end."""
    points = [point for point in points if point[1] > 0]
    if not points:
        return []
    axes.plot(*zip(*points), color=colour, marker=None if dashed else "o", linestyle="--" if dashed else "-",
              linewidth=1 if dashed else 1.8)
    return [(name, colour, *points[-1])]
