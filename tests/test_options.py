"""One table of options: every path on which an option can be given leads to the solver.

Nothing here names an option. A new one is taken from the table, given a value that is not its default beside whatever
it needs to be honoured, and must arrive in the settings of the fit.
"""

from __future__ import annotations

import inspect
import itertools
import json
import runpy
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT
from planted import planted
from planted_book import bias_once  # noqa: F401

from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.fit.own_sheets.run_log import SETTING_COLUMNS, find_log
from pyxl.grid.block_names import setting_name
from pyxl.grid.sheet_names import area_named
from solver import OPTIMIZERS, CollabFilter, Settings, UserError
from solver.core.method_table import LOSSES, METHODS
from solver.core.options import Given, Names, Number, Option, Switch, Whole, Widths
from solver.core.settings import OPTIONS, honoured_by, options_given
from solver.model.models import MODELS

CHOICES = ("model", "loss", "optimizer", "batch_size")      # what may have to be chosen for another option to be honoured
NOT_SETTINGS = {"effort", "random_state", "rating_range", "holdout", "holdout_by", "feedback", "counts"}  # of CollabFilter alone


def another_value(option: Option):
    """A value that the option takes and that is not its default."""
    match option.values:
        case Names(table):
            return next(name for name in table if name != option.default)
        case Whole(least=least):
            return (least if option.default is None else option.default) + 1
        case Number(most=None, below=None):
            return 0.01
        case Number():
            return 0.25
        case Widths(how_many=how_many):
            return (3, 2, 4)[:how_many or 2]
        case Switch():
            return not option.default


def with_what_it_needs(option: Option, where: Given) -> dict[str, object]:
    """The option's other value, and the first choice of what can be given there with which it is honoured."""
    value, can_choose = another_value(option), [name for name in CHOICES if name in options_given(where)]
    tables = {"model": MODELS, "loss": LOSSES, "optimizer": OPTIMIZERS, "batch_size": (1, 16)}
    for choice in itertools.product(*((None, *tables[name]) for name in can_choose)):
        given = {name: chosen for name, chosen in zip(can_choose, choice) if chosen is not None} | {option.name: value}
        if where & Given.RATINGS and not {"model", "optimizer"} <= set(given):
            continue    # what `effort` chooses is not looked for here
        if given.get("model") == "net" and "batch_size" not in given:
            continue    # on all ratings at once it learns them by heart: biases alone would be kept, and their settings
        bounded = {"low": 0, "high": 1} if given.get("model") in MODELS and MODELS[given["model"]].bounded else {}
        try:
            Settings(**given | bounded)
        except UserError:
            continue
        return given
    return {option.name: value, "feedback": "implicit"}  # which stands for the loss where nobody can give one


def each(where: Given):
    return pytest.mark.parametrize("option", options_given(where).values(), ids=lambda option: option.name)


@pytest.fixture
def path(bias_once, tmp_path):
    copy = tmp_path / "book.xlsx"
    copy.write_bytes(bias_once.read_bytes())
    return copy


@pytest.fixture
def fits(monkeypatch):
    """The settings of all fits of sheets, as the solver is given them."""
    import solver
    seen, fit = [], solver.fit

    def watched(ratings, start=None, settings=Settings(), **more):
        seen.append(settings)
        return fit(ratings, start, settings, **more)

    monkeypatch.setattr("solver.fit", watched)
    return seen


def on_the_command_line(given: dict[str, object]) -> list[str]:
    texts = ((OPTIONS[name].flag, value) for name, value in given.items())
    return [word for flag, value in texts for word in
            ((flag,) if value is True else (flag, ",".join(map(str, value)) if isinstance(value, tuple) else str(value)))]


def few_epochs(given: dict[str, object]) -> dict[str, object]:
    # enough to end better than biases alone, which would be kept otherwise, with their settings; what days add takes longer to learn
    return {"epochs": 20 if "learn_times" in given else 10} | given


@each(Given.ESTIMATOR)
def test_collab_filter_passes_it_on(option):
    given = few_epochs(with_what_it_needs(option, Given.ESTIMATOR))
    ratings = planted(20, 15)
    model = CollabFilter(effort="quick", holdout=0.2, **given).fit(replace(ratings, times=np.arange(len(ratings)) // 5))
    assert getattr(model.settings_, option.name) == given[option.name] != option.default


@each(Given.TRAIN)
def test_train_passes_it_on(option, tmp_path, capsys):
    ratings = planted(20, 15)
    rows = zip(ratings.user_index, ratings.item_index, ratings.values)
    (tmp_path / "r.csv").write_text("user,item,rating,time\n" + "".join(f"{u},{i},{r:.3f},{n // 5}\n" for n, (u, i, r) in enumerate(rows)))
    given = few_epochs(with_what_it_needs(option, Given.TRAIN))
    code = main(["train", str(tmp_path / "r.csv"), "-o", str(tmp_path / "model"), "--effort", "quick", "--json",
                 *on_the_command_line(given)])
    out = capsys.readouterr().out
    assert code == 0, out
    told, value = json.loads(out)["settings"][option.name], given[option.name]
    assert (tuple(told) if isinstance(value, tuple) else told) == value


@each(Given.FIT)
def test_fit_passes_it_on(option, path, fits):
    given = few_epochs(with_what_it_needs(option, Given.FIT))
    assert main(["fit", str(path), "--in-place", "--sheet", "bias", *on_the_command_line(given)]) == 0
    assert getattr(fits[-1], option.name) == given[option.name]


@each(Given.START)
def test_a_cell_of_start_passes_it_on(option, path, fits):
    given = few_epochs(with_what_it_needs(option, Given.START))
    write_settings(path, given)
    result = fit_workbook(path, out=path, sheets=["bias"])["bias"]
    assert getattr(fits[-1], option.name) == given[option.name]
    assert not [note for note in result.notes if "not used" in note]


@each(Given.FIT)
def test_the_run_log_keeps_it_and_repeats_the_run_with_it(option, path):
    given = few_epochs(with_what_it_needs(option, Given.FIT))
    first = fit_workbook(path, out=path, sheets=["bias"], options=given)["bias"]
    with open_workbook(path) as opened:
        log, values = find_log(opened), opened.grid("run log").values
        line = {header: values.get((log.row - 1, col)) for header, col in log.columns.items()}
    header = next((header for header, name in SETTING_COLUMNS.items() if name == option.name), None)
    assert line[header] == given[option.name] if header else f'"{option.name}"' in line["other settings"]
    assert fit_workbook(path, repeat=1)["bias"].settings == first.settings   # a decay that the fit chose is kept, too


@each(Given.FIT)
def test_help_explains_it(option, capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert f"{option.flag} " in told and option.help[1:].removesuffix(".") in told
    if isinstance(option.values, Names):
        assert all(name in told for name in option.values.table)


def test_the_parameters_of_collab_filter_are_those_of_the_table():
    assert set(inspect.signature(CollabFilter).parameters) - NOT_SETTINGS == set(options_given(Given.ESTIMATOR))


def test_every_option_is_honoured_somewhere_and_every_name_in_the_tables_is_an_option():
    for table in (MODELS, LOSSES, METHODS, OPTIMIZERS):
        for row in table.values():
            assert row.honours <= set(OPTIONS)
    for name, option in OPTIONS.items():
        assert option.help.endswith(".") and all(honoured_by(name).values()), name
        option.check(option.default)
        option.check(another_value(option))


# ---- what a sheet decides, and what was left over in its cells

def test_a_cell_left_over_from_another_optimizer_is_not_used_and_that_is_said(path):
    places = write_settings(path, {"optimizer": "adam", "lr": 0.05, "momentum": 0.8, "epochs": 2})
    result = fit_workbook(path, sheets=["bias"])["bias"]
    assert result.settings.lr == 0.05 and result.settings.momentum is None
    assert any(note.startswith(f"start!{places['momentum']} was not used: momentum is 0.8, and adam does not use it.") for note in result.notes)
    other = fit_workbook(path, sheets=["bias"], options={"optimizer": "momentum"})["bias"]  # they were meant for adam
    assert (other.settings.lr, other.settings.momentum) == (None, None)
    assert not [note for note in other.notes if "not used" in note]


@pytest.mark.parametrize("given, sentence", [
    (dict(model="dot"), "bias: model is 'dot', but on a sheet the sheet decides, and this one has 'dot.bias'. Leave model out."),
    (dict(n_factors=9), "bias: n_factors is 9, but on a sheet the sheet decides, and this one has 3."),
    (dict(dtype="float32"), "bias: dtype is 'float32'"),
    (dict(low=1, high=4), "bias: low is 1"),
    (dict(patience=3), "patience is 3, and no ratings are held out"),
    (dict(optimizer="sgd", momentum=0.5), "momentum is 0.5, and sgd does not use it"),
])
def test_what_a_sheet_does_not_honour_is_refused(path, given, sentence):
    for how in ({"settings": Settings(**given)},) if "momentum" not in given else ({"options": given},):
        with pytest.raises(UserError, match=sentence):
            fit_workbook(path, sheets=["bias"], **how)


def test_what_the_sheet_has_may_be_said_too(path):
    result = fit_workbook(path, sheets=["bias"], settings=Settings(model="dot+bias", n_factors=3, epochs=1))["bias"]
    assert result.settings.n_factors == 3


def write_settings(path, given: dict[str, object]) -> dict[str, object]:
    """Write the cells of `start` that hold these options; where they are."""
    with open_workbook(path) as opened:
        cells = {name: area_named(opened, setting_name(name))[1].first for name in given}
        opened.save({"start": {cells[name]: float(value) if isinstance(value, int) else value
                               for name, value in given.items()}})
    return cells


@pytest.mark.parametrize("page", ["settings", "metrics"])
def test_the_documentation_is_made_from_the_tables(page):
    made = runpy.run_path(str(ROOT / "docs" / "write_tables.py"))[f"{page}_page"]()
    assert made == (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"), "run python docs/write_tables.py"
