"""One Fit as a user does it: LibreOffice with a window, a real click of the mouse on the button."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import screen
from office import until

import workbook

PICTURES = Path(__file__).resolve().parent.parent / "build"


@pytest.mark.parametrize("face", screen.FACES)
def test_a_click_on_fit_fits_the_sheet(tmp_path, face):
    """The office does not listen to anybody: the Python that the button starts finds its own way in."""
    screen.skip_without(face)
    folder = tmp_path / "my films"
    folder.mkdir()
    ratings, titles = workbook.example()
    workbook.build(ratings.top(users=15, items=15), folder / "films.xlsm", titles=titles)
    with screen.Screen(folder / "films.xlsm", tmp_path / "home", face=face) as seen:
        sheet = seen.book.sheets["bias"]
        sheet.activate()
        seen.settle()
        before = sheet.range("bias_rmse").value
        seen.click("Fit", followed=lambda: sheet.range("bias_status").value)
        until(lambda: str(sheet.range("bias_status").value).startswith("RMSE "))
        assert "Converged" in sheet.range("bias_status").value
        after = seen.book.sheets["start"].range("bias_last_rmse_after").value
        assert sheet.range("bias_rmse").value == pytest.approx(after, abs=1e-9) and after < before / 2
        PICTURES.mkdir(exist_ok=True)
        seen.settle()
        picture = seen.picture()
        picture.save(PICTURES / f"clicked-{face}.png")
        assert picture.size == screen.SIZE and len(picture.getcolors(1 << 24)) > 50
    shutil.rmtree(tmp_path / "home")
