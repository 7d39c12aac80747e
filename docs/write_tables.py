"""Writes docs/settings.md and docs/metrics.md from the tables of options and metrics: ``python docs/write_tables.py``."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from pathlib import Path

from solver.core.method_table import METHODS
from solver.core.options import Given, Option
from solver.core.settings import OPTIONS, Settings, honoured_by
from solver.judging.metrics import METRICS

DOCS = Path(__file__).resolve().parent
MADE = "<!-- made by docs/write_tables.py: change the table, not this page -->\n"
SETTINGS_HEAD = """# Every setting of a fit

One table, `solver/core/settings.py`, declares each setting once. The command line, the cells of the sheet `start`,
`cs.Settings`, `cs.CollabFilter` and this page are made from it or checked against it. What is given goes before what a
cell says, and that before the default; `CollabFilter` and `train` leave what is not given to `effort`.

A setting that the chosen model, loss, method or optimizer does not use is refused, and the sentence names those that use
it. Only a value that differs from the default counts. A cell of `start` that was left over from another optimizer is not
used, and a note says so.
"""
METRICS_HEAD = """# Every metric

One table, `solver/judging/metrics.py`, which `collabsheet evaluate --metrics`, `CollabFilter.evaluate`,
`cs.cross_validate` and `cs.grid_search` read. Metrics of an order judge the first n (10 unless told otherwise) of the
items that a user has not rated, ordered by their predictions. A user likes the held-out items rated `liked` or more; that
is the mean rating unless told otherwise.

| metric | better | what it measures |
|---|---|---|
"""
PLACES = {Given.FIT: "`collabsheet fit`", Given.START: "a cell of `start`", Given.TRAIN: "`collabsheet train`",
          Given.ESTIMATOR: "`CollabFilter`"}
OF_MODELS = set(METHODS) - {"formulas"}     # a setting that all of these use needs no word on it


def settings_page() -> str:
    """The text of docs/settings.md."""
    return MADE + SETTINGS_HEAD + "".join(_section(option, _more()) for option in OPTIONS.values())


def metrics_page() -> str:
    """The text of docs/metrics.md."""
    return MADE + METRICS_HEAD + "".join(
        f"| `{name}` | {'more' if metric.more else 'less'} | {metric.help} |\n" for name, metric in METRICS.items())


def _section(option: Option, more: dict[str, str]) -> str:
    lines = [f"Give {option.values.told}. Default: {option.unset}."]
    places = [place for where, place in PLACES.items() if option.given & where]
    lines.append(f"In {', '.join([*places, '`Settings`'])}" + (f"; on the command line `{option.flag}`."
                 if option.given & (Given.FIT | Given.TRAIN) else "."))
    lines += [f"Used by the {what}{'s' * (len(names) > 1)} {', '.join(names)}." for what, names in honoured_by(option.name).items()
              if not (what == "method" and set(names) >= OF_MODELS)]
    text = option.help + (f" {more[option.name]}" if option.name in more else "")
    return f"\n## {option.name}\n\n{textwrap.fill(text, 120)}\n\n" + "".join(f"- {line}\n" for line in lines)


def _more() -> dict[str, str]:
    """What the docstrings of the fields of `Settings` add, by name."""
    declared = ast.parse(inspect.getsource(Settings)).body[0]
    found = {}
    for field, text in itertools.pairwise(declared.body if isinstance(declared, ast.ClassDef) else ()):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                found[name] = " ".join(words.split()).replace("``", "`")
    return found


if __name__ == "__main__":
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")
    (DOCS / "metrics.md").write_text(metrics_page(), encoding="utf-8")
