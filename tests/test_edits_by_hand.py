"""Forty things that people do to a workbook by hand, done by LibreOffice: each works, or one sentence refuses it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from asking import built
from edits_by_hand import EDITS, WORKS

from pyxl import fit_workbook, open_workbook
from pyxl.detect.verified_model import verified_model
from pyxl.fit.own_sheets.source_table import label_key, read_source
from pyxl.live.live_fit import fit_live
from solver import Ratings, Settings
from solver.errors import UserError
from workbook.all_views import VIEWS

DOCS = Path(__file__).parent.parent / "docs" / "edits.md"


OPTIONS = {"epochs": 3, "weight_decay": 0.1}   # no decay is looked for, which would be most of a fit: it is the sheet that counts here


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    path = tmp_path_factory.mktemp("edits") / "book.xlsx"
    rng = np.random.default_rng(0)
    table = np.clip(np.round(6 + rng.normal(size=(8, 1)) * 2 + rng.normal(size=7) * 2 + rng.normal(size=(8, 7))), 1, 10) / 2
    table[0, 0], table[0, 1], table[1, 2] = np.nan, 0.5, 5
    # of one model, without the sheets that nobody edits here: LibreOffice has the less to open, calculate and save
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("workbook.builder.VIEWS", {"check": VIEWS["check"]})
        return built(path, Ratings.from_crosstab(table, range(3, 27, 3), [f"Film {letter}" for letter in "DBGAFCE"]), n_factors=2).path


def outcome(fit) -> tuple[bool, str]:
    """Whether a fit was refused, and what was said."""
    try:
        result, = fit().values()
        return False, " ".join(result.notes)
    except UserError as why:
        return True, str(why)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit.where}: {edit.what}")
def test_it_works_or_a_sentence_refuses_it(calc, fresh, tmp_path, edit):
    """Live, and as the file that LibreOffice saves: who rated what is the same on every sheet, by labels."""
    copy = tmp_path / "book.xlsx"
    copy.write_bytes(fresh.read_bytes())
    book = calc.books.open(str(copy))
    try:
        sheet = book.sheets[edit.where].impl.api
        edit.do(book.api, sheet)
        book.app.calculate()
        name = sheet.Name
        saved = tmp_path / "saved.xlsx"
        book.save(str(saved))
        told, which = {}, "bias" if edit.where != "bias" else name
        told["live"] = outcome(lambda: fit_live(book, sheets=[which], options=OPTIONS))
    finally:
        book.close()
    told["file"] = outcome(lambda: fit_workbook(saved, sheets=[which], options=OPTIONS))
    for place, (refused, words) in told.items():
        assert refused == edit.refused, (place, words)
        assert edit.leads_to in words or edit.leads_to == WORKS, (place, words)
        if refused:
            assert "\n" not in words and re.search(r"\w", words)
    if not edit.refused:
        with open_workbook(saved) as after:
            ready, source = verified_model(after, which, Settings()), read_source(after)
        here = ready.ratings
        shown = {(label_key(here.users[u]), label_key(here.items[i])): value for u, i, value in zip(
            here.user_index.tolist(), here.item_index.tolist(), here.values.tolist())}
        learnt = {pair: rating.value for pair, rating in source.ratings.items() if not rating.held}
        assert shown == {pair: value for pair, value in learnt.items() if pair in shown}
        assert edit.leads_to != WORKS or shown == learnt


def test_the_documentation_has_every_edit():
    table = DOCS.read_text(encoding="utf-8")
    for edit in EDITS:
        assert f"| {edit.where} | {edit.what} |" in table, edit.what
