"""Update in an open workbook: a real headless LibreOffice, a user typed on `ratings`, the button or the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from office import until
from pressed import Pressed

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.live.live_fit import fit_live
from pyxl.live.live_update import update_live
from solver import UserError
from workbook.update import updated_copy

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = ("bias_user_factors", "bias_user_bias", "bias_item_factors", "dotprod_user_factors", "embedding_user_factors",
          "embedding_item_factors", "bounded_item_bias")
NEW = {"A13": "Ann", "B13": 5.0, "C13": 1.0, "D13": 4.5, "F13": "2?"}      # below five users, whose first stands in row 8


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("fitted") / "films.xlsm"
    ratings, titles = workbook.example()
    workbook.build(ratings.top(users=5, items=6), path, n_factors=2, titles=titles, holdout=0.1)
    fit_workbook(path, out=path, options={"epochs": 20})
    return path


@pytest.fixture
def films(fitted, tmp_path) -> Path:
    copy = tmp_path / "my films" / "films.xlsm"
    copy.parent.mkdir()
    copy.write_bytes(fitted.read_bytes())
    return copy


def blocks(book) -> dict[str, list]:
    names = {name.name: name.refers_to_range for name in book.names if name.name in BLOCKS}
    return {name: names[name].options(ndim=2).value for name in BLOCKS}


def type_in(book, cells) -> None:
    for cell, value in cells.items():
        book.sheets["ratings"].range(cell).value = value


def open_again(calc, path):
    """The workbook, as soon as one of this name is open that has Ann."""
    def found():
        book = next((book for book in calc.books if book.fullname == str(path)), None)
        return book if book is not None and str(book.sheets["ratings"].range("source_status").value).startswith("Updated") else None
    return until(lambda: _tried(found))


def _tried(found):
    try:
        return found()
    except Exception:       # it is being closed, or opened
        return None


def test_somebody_adds_herself_and_presses_update(calc, films, tmp_path):
    """Every block gets her row; who was there keeps the factors to the digit; nothing typed is lost, and the copy has all."""
    opened = Pressed(calc, films)
    before = blocks(opened.book)
    type_in(opened.book, NEW)
    opened.book.sheets["bias"].range("AZ99").value = "typed, and never saved"
    assert "do not have: press Update" in opened.book.sheets["ratings"].range("D1").value
    opened.press("Update", "ratings")
    book = open_again(calc, films)
    said = book.sheets["ratings"].range("source_status").value
    assert said == "Updated: 1 new user (Ann); 6 × 6 now. Saved; the workbook as it was: films before update.xlsm. Fit next."
    after = blocks(book)
    for name, rows in before.items():
        assert after[name][:len(rows)] == rows, name
        assert len(after[name]) == len(rows) + ("user" in name), name
    assert book.sheets.active.name == "ratings" and not book.api.isModified()
    assert book.sheets["bias"].range("AZ99").value == "typed, and never saved"
    assert not book.sheets["ratings"].range("D1").value
    labels = book.sheets["bias"].range("bias_user_ids").value
    assert labels[-1] == "Ann" and book.sheets["bias"].range("bias_ratings").options(ndim=2).value[-1][:3] == [5, 1, 4.5]
    result = fit_live(book, sheets=["bias"], options={"epochs": 5})["bias"]
    assert book.sheets["bias"].range("bias_rmse").value == pytest.approx(result.rmse_after, abs=1e-9)
    book.close()
    with open_workbook(films.with_name("films before update.xlsm")) as kept:
        assert kept.grid("ratings").values[(13, 1)] == "Ann" and kept.grid("bias").values[(99, 52)] == "typed, and never saved"
    assert sorted(path.name for path in films.parent.iterdir()) == ["films before update.xlsm", "films.xlsm"]


def test_the_command_updates_what_is_open_and_an_ods_stays_an_ods(calc, films):
    """As which LibreOffice keeps the buttons."""
    book = calc.books.open(str(films))
    place = films.with_suffix(".ods")
    book.save(str(place))
    type_in(book, NEW)
    words = [sys.executable, "-m", "pyxl", "update", str(place), "--live", "--engine", "libreoffice", "--factors", "1", "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"COLLABSHEET_OFFICE": calc.impl.office.spec})
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["users"], told["items"], told["factors"], told["new_users"]) == (6, 6, 1, ["Ann"])
    assert told["kept"] == str(place.with_name("films before update.ods")) and Path(told["kept"]).exists()
    book = next(book for book in calc.books if book.fullname == str(place))
    assert len(book.sheets["bias"].range("bias_user_factors").value) == 6
    assert book.sheets["bias"].impl.api.DrawPage.Forms.getByIndex(0).Count == 6
    book.close()
    assert sorted(path.suffix for path in place.parent.iterdir()) == [".ods", ".ods", ".xlsm"]


def test_what_cannot_be_updated_is_left_as_it_is(calc, films):
    """Nothing new; a mistake on the sheet; somebody types meanwhile; a file that is read-only: nothing is saved or closed."""
    book = calc.books.open(str(films))
    bytes_before = films.read_bytes()

    def refused(rebuild=updated_copy) -> str:
        with pytest.raises(UserError):
            update_live(book, "ratings", rebuild=rebuild)
        return book.sheets["ratings"].range("source_status").value

    assert update_live(book, "bias", rebuild=updated_copy).told == book.sheets["bias"].range("bias_status").value
    type_in(book, NEW | {"A14": "ANN"})
    assert refused().startswith("Not updated: ratings!A14 repeats the user of A13.")
    type_in(book, {"A14": None})

    def while_typing(copy, draft):
        done = updated_copy(copy, draft)
        type_in(book, {"G13": 3.0})
        return done
    assert refused(while_typing).startswith("Not updated: ratings!G13 was changed meanwhile. Press Update again.")
    films.chmod(0o444)
    assert "films.xlsm' is read-only" in refused()
    films.chmod(0o644)
    assert book.sheets["ratings"].range("G13").value == 3 and films.read_bytes() == bytes_before
    assert [path.name for path in films.parent.iterdir() if not path.name.startswith(".~lock")] == ["films.xlsm"]
    book.close()
