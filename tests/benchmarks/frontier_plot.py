"""The pictures of aim 1: hold-out RMSE over seconds, a curve a family of systems."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curve_names import name_curves
from frontier_tables import BASELINE, BUDGETS, INFORMED, OURS, PEER_INFORMED, Result, results

# colours that people with any colour vision can tell apart (Okabe & Ito 2008); ours is the strong one
COLOURS = {OURS: "#d55e00", INFORMED: "#e69f00", "LIBMF": "#0072b2", "cornac": "#009e73", "Surprise": "#cc79a7", "lenskit": "#8c6d00",
           "plain torch": "#56b4e9", "fastai": "#555555", "myFM": "#000000", "myFM with sets": "#332288", PEER_INFORMED: "#882255", BASELINE: "#aaaaaa"}


def draw(records: Sequence[dict], folder: Path) -> list[Path]:
    """A picture a data set: frontier-<data>.png."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_draw(data, column, folder / f"frontier-{data}.png") for data, column in results(records).items()]


def _draw(data: str, column: list[Result], path: Path) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for seconds in BUDGETS:
        axes.axvline(seconds, color="#e5e5e5", linewidth=1, zorder=0)
    ends = []
    for family, colour in COLOURS.items():
        points = sorted((r.seconds, r.rmse, r.system) for r in column if r.family == family)
        if points:
            mine = family == OURS
            order = 3 if mine else 2
            axes.plot(*zip(*(p[:2] for p in points)), "o", color=colour, zorder=order, markersize=8 if mine else 5)
            axes.plot(*zip(*improving(points)), color=colour, zorder=order, linewidth=2.5 if mine else 1.2)
            ends.append((family, colour, *improving(points)[-1]))
            if mine:
                for seconds, rmse, system in points:
                    axes.annotate(system.removeprefix(f"{OURS}, "), (seconds, rmse), (0, -14), ha="center",
                                  textcoords="offset points", color=colour, fontsize=9)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.set_xlabel("seconds to fit")
    axes.set_ylabel("hold-out RMSE")
    axes.set_title(f"{data}: hold-out RMSE over seconds; lower and further left is better", fontsize=11, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12, y=0.12)
    name_curves(axes, ends, strong=OURS)
    figure.savefig(path, dpi=110)
    return path


def improving(points: list[tuple]) -> list[tuple[float, float]]:
    """(seconds, RMSE) of those, by seconds, that are more accurate than all before."""
    return [p[:2] for at, p in enumerate(points) if all(p[1] < earlier[1] for earlier in points[:at])]
