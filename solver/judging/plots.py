"""Pictures of a fit, by matplotlib: the errors epoch by epoch, items on a map, predicted against observed.

Every function writes an image file, in the format that its name ends with, and raises UserError where
that cannot be done; matplotlib is loaded only then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from solver.core.gradients import COUNTED
from solver.disk import note_written
from solver.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

    from solver.core.loop import Epoch

DOTS_PER_INCH = 120
MOST_BOXES = 20     # different ratings that get a box each
_MAP = (11.0, 8.0)
_LABEL_ROOM = 1.06  # a label may come no nearer to another than this times its own size


def refuse_plot(path: str | Path) -> None:
    """Raise UserError, before any work, for a file that no picture can be written to."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    path = Path(path)
    if not path.absolute().parent.is_dir():
        raise _not_drawn(path, "its folder does not exist")
    if path.suffix[1:].lower() not in FigureCanvasAgg.get_supported_filetypes():
        raise _not_drawn(path, f"pictures of the kind '{path.suffix}' are not known")


@contextmanager
def drawing(path: str | Path, *, size: tuple[float, float] = (7.0, 4.2)) -> Iterator[Axes]:
    """Axes to draw on, `size` in inches; at the end they are written to `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    yield figure.add_subplot()
    try:
        figure.savefig(path)
        note_written(path)
    except (OSError, ValueError) as error:
        raise _not_drawn(Path(path), getattr(error, "strerror", None) or str(error)) from None


def plot_history(history: Sequence[Epoch], path: str | Path) -> None:
    """RMSE over the epochs, of the training ratings and, where there are any, of those held out."""
    with drawing(path) as axes:
        epochs = [epoch.epoch for epoch in history]
        marker = "." if len(epochs) < 60 else ""
        axes.plot(epochs, [epoch.rmse for epoch in history], marker=marker, color="C0", label="training")
        held = [(epoch.epoch, epoch.holdout_rmse) for epoch in history if epoch.holdout_rmse is not None]
        if held:
            axes.plot(*zip(*held), marker=marker, color="C1", label="held out")
            best = min(held, key=lambda pair: pair[1])
            axes.plot(*best, "o", color="C1", fillstyle="none", markersize=9, label=f"best: {best[1]:.4f}")
        axes.set(xlabel="epoch", ylabel="RMSE")
        axes.legend()
        axes.grid(alpha=0.25)


def plot_gradients(history: Sequence[Epoch], path: str | Path) -> None:
    """Norms of the gradient over the epochs, block by block, and below them how many of its derivatives are how large: a column of
    shades for each epoch. The history was noted with ``note_gradients``."""
    seen = [(epoch.epoch, epoch.gradient) for epoch in history if epoch.gradient]
    if not seen:
        raise UserError("No gradients were noted in this fit. Fit with note_gradients, on the command line --note-gradients.")
    epochs = [epoch for epoch, _ in seen]
    with drawing(path, size=(7.0, 6.4)) as above:
        figure = cast("Figure", above.get_figure(root=True))
        rows = figure.add_gridspec(2, 1)
        above.set_subplotspec(rows[0])
        below = figure.add_subplot(rows[1], sharex=above)
        for place, name in enumerate(seen[0][1].norms):
            above.plot(epochs, [gradient.norms[name] for _, gradient in seen], color=f"C{place}", label=name.replace("_", " "))
        above.set(ylabel="norm of the gradient", yscale="log")
        above.legend(ncols=2)
        above.grid(alpha=0.25)
        shares = np.array([gradient.counts for _, gradient in seen], float).T
        shares /= shares.sum(0)
        edges = [epochs[0] - 0.5, *((a + b) / 2 for a, b in zip(epochs, epochs[1:])), epochs[-1] + 0.5]
        shades = below.pcolormesh(edges, np.arange(len(COUNTED) + 1), shares, cmap="Blues", vmin=0)
        below.set(xlabel="epoch", ylabel="|derivative| from", yticks=np.arange(len(COUNTED)) + 0.5, yticklabels=COUNTED)
        figure.colorbar(shades, ax=below, label="share of the parameters")


def plot_learning_curve(results: pd.DataFrame, path: str | Path) -> None:
    """RMSE over the number of ratings learnt from, as `solver.collab.judged.learning_curve` finds it: held out, training, biases alone."""
    with drawing(path) as axes:
        axes.errorbar(results.ratings, results.held_out, 2 * results.standard_error, marker="o", capsize=3, color="C1", label="held out")
        axes.plot(results.ratings, results.training, marker="o", color="C0", label="training")
        axes.plot(results.ratings, results.bias_only, linestyle="--", color="0.5", label="held out, biases alone")
        axes.set(xlabel="ratings learnt from", ylabel="RMSE")
        axes.legend()
        axes.grid(alpha=0.25)


def plot_map(scores: np.ndarray, labels: Sequence, path: str | Path, *, shares: Sequence[float] = (), title: str = "") -> None:
    """Dots at `scores` (n, 2), with as many of their `labels` (n,) as fit without covering one another, the
    first before the next; `shares` (2,) of the variance stand beside the axes."""
    with drawing(path, size=_MAP) as axes:
        axes.axhline(0, color="0.85", linewidth=0.8, zorder=0)
        axes.axvline(0, color="0.85", linewidth=0.8, zorder=0)
        axes.scatter(scores[:, 0], scores[:, 1], s=14, color="C0", alpha=0.8, linewidths=0)
        names = [f"component {n}" + (f" ({share:.0%} of the variance)" if shares else "")
                 for n, share in zip((1, 2), list(shares) or (0, 0))]
        axes.set(xlabel=names[0], ylabel=names[1], title=title)
        axes.margins(0.08)
        _label(axes, scores, labels)


def plot_predicted(predicted: np.ndarray, observed: np.ndarray, path: str | Path) -> None:
    """Predictions over the ratings (both (n,)): for each rating a box of the middle half, with the middle
    nine tenths as whiskers; where there are many different ones, how many pairs lie where."""
    values = np.unique(observed)
    with drawing(path, size=(6.4, 5.6)) as axes:
        ends = [min(values[0], predicted.min()), max(values[-1], predicted.max())]
        if len(values) <= MOST_BOXES:
            width = 0.6 * np.diff(values).min() if len(values) > 1 else 0.5
            axes.boxplot([predicted[observed == value] for value in values], positions=values, widths=width, whis=(5, 95),
                         showfliers=False, manage_ticks=False, patch_artist=True, boxprops={"facecolor": "#BFD3EA"},
                         medianprops={"color": "C3"})
        else:
            axes.hexbin(observed, predicted, gridsize=40, mincnt=1, cmap="Blues", bins="log")
        axes.plot(ends, ends, color="0.5", linestyle="--", linewidth=1, label="predicted = observed")
        rmse = np.sqrt(np.mean((predicted - observed) ** 2))
        axes.set(xlabel="observed rating", ylabel="predicted rating", title=f"{len(observed):,} ratings, RMSE {rmse:.4f}")
        axes.legend()
        axes.grid(alpha=0.25)


def contours(xs: np.ndarray, ys: np.ndarray, heights: np.ndarray, *, most: int = 10) -> list[tuple[float, list[np.ndarray]]]:
    """Lines of equal height over a grid, `heights` (len(ys), len(xs)), at about `most` round levels: each level with the
    pieces of its line, (n, 2)."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    levels = MaxNLocator(most).tick_values(float(heights.min()), float(heights.max()))
    inside = [float(level) for level in levels if heights.min() < level < heights.max()]
    if not inside:
        return []
    lines = Figure().add_subplot().contour(xs, ys, heights, levels=inside)
    return [(level, [piece for piece in pieces if len(piece) > 1]) for level, pieces in zip(inside, lines.allsegs)]


def _label(axes: Axes, scores: np.ndarray, labels: Sequence) -> None:
    """Write the labels that find room, each right of its dot or else left of it."""
    if (figure := axes.get_figure(root=True)) is None:
        return
    canvas = cast("FigureCanvasAgg", figure.canvas)
    canvas.figure.draw_without_rendering()      # settles where the dots are
    renderer = canvas.get_renderer()
    taken: list[Bbox] = []
    frame = axes.get_window_extent(renderer)
    for (x, y), label in zip(scores, labels):
        for shift, side in ((4, "left"), (-4, "right")):
            text = axes.annotate(str(label), (x, y), (shift, 0), textcoords="offset points", ha=side, va="center",
                                 fontsize=7.5, parse_math=False, in_layout=False)
            box = text.get_window_extent(renderer).expanded(_LABEL_ROOM, _LABEL_ROOM)
            if frame.x0 < box.x0 and box.x1 < frame.x1 and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


def _not_drawn(path: Path, why: str) -> UserError:
    return UserError(f"'{path.name}' cannot be drawn: {why.lower().rstrip('.')}. Choose another file, such as picture.png.")
