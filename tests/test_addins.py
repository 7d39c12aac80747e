"""The add-in of LibreOffice, installed into a fresh profile and used there as its user does: by its menu, in workbooks of any kind."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Collection
from io import BytesIO

import pytest
from needed import lacking
from office import until
from planted import planted

import workbook
from pyxl.__main__ import main
from pyxl.engines.libreoffice.find_office import find_soffice, load_uno
from pyxl.engines.libreoffice.office import Office
from pyxl.fit.inspect_sheet import inspect_workbook
from solver.errors import UserError
from workbook.addins.office_extension import MENU, macro_url, office_extension

MENU_PART, ITEM, TOOL_BAR, TEXT = 34, 36, 63, 86     # of com.sun.star.accessibility.AccessibleRole; TEXT: as on the bar over a sheet


class InTheOffice:
    """A workbook in a LibreOffice that has the extension, and somebody who uses its menu."""

    def __init__(self, office: Office, path):
        self.office = office
        self.document = office.desktop.loadComponentFromURL(path.as_uri(), "_blank", 0, ())
        self.controller = self.document.CurrentController

    def choose(self, title: str, sheet: str) -> None:
        self.controller.setActiveSheet(self.document.Sheets.getByName(sheet))
        if self.controller.hasInfobar("collabsheet"):
            self.controller.removeInfobar("collabsheet")
        dispatcher = self.office.service("com.sun.star.frame.DispatchHelper")
        dispatcher.executeDispatch(self.controller.Frame, macro_url(MENU[title]), "", 0, ())

    def shown(self) -> str:
        """What the bar over the sheet says, as soon as there is one."""
        until(lambda: self.controller.hasInfobar("collabsheet"))
        return until(lambda: next((name for role, name in self.on_screen(but=(MENU_PART, TOOL_BAR)) if role == TEXT and name not in ("", "collabsheet")), None))

    def on_screen(self, *, but: Collection[int] = ()) -> list[tuple[int, str]]:
        """Role and name of everything in the window, as a screen reader finds it; not the cells, and not what is in parts of a role in `but`."""
        found, waiting = [], [self.controller.Frame.ContainerWindow]
        while waiting:
            here = waiting.pop().AccessibleContext
            found.append((here.AccessibleRole, here.AccessibleName))
            if here.AccessibleRole not in but and here.AccessibleChildCount < 1000:
                waiting += [here.getAccessibleChild(n) for n in range(here.AccessibleChildCount)]
        return found

    def value(self, sheet: str, cells: str):
        return self.document.Sheets.getByName(sheet).getCellRangeByName(cells).DataArray


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    try:
        find_soffice(), load_uno()
    except UserError as why:
        lacking(str(why))
    profile = tmp_path_factory.mktemp("Zoë's settings") / "profile"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patched.setenv("LC_ALL", "C.UTF-8")
        patched.setenv("COLLABSHEET_WORKER_MINUTES", "0")
        assert main(["addin", "install", "--profile", str(profile)]) == 0
        started = Office(visible=False, profile=profile)
        yield started
        started.close()
        assert main(["addin", "uninstall", "--profile", str(profile)]) == 0


def test_the_lessons_workbook_is_inspected_fitted_and_restored_by_the_menu(office, shared, tmp_path):
    path = tmp_path / "the lesson's.xlsx"
    shutil.copy(shared / "workbooks" / "course_collab_filter.xlsx", path)
    cells = inspect_workbook(path)["dotprod"]["cells"]
    opened = InTheOffice(office, path)
    assert {(MENU_PART, "Collabsheet"), *((ITEM, title) for title in MENU)} <= set(opened.on_screen())
    assert "private:resource/toolbar/addon_collabsheet.toolbar" in [bar.ResourceURL for bar in opened.controller.Frame.LayoutManager.Elements]
    before = {what: opened.value("dotprod", cells[what]) for what in ("ratings", "user_factors", "item_factors", "rmse")}

    opened.choose("Inspect", "dotprod")
    said = opened.shown()
    assert said.startswith("dotprod: dot, crosstab: ") and f"item factors: {cells['item_factors']}" in said
    opened.choose("Fit", "dotprod")
    assert opened.shown().startswith("RMSE 2.806062 → 0.392901, ")
    after = {what: opened.value("dotprod", cells[what]) for what in before}
    assert after["rmse"][0][0] == pytest.approx(0.392901, abs=1e-6)
    assert after["ratings"] == before["ratings"] and after["user_factors"] != before["user_factors"] and after["item_factors"] != before["item_factors"]
    opened.choose("Restore", "dotprod")
    assert opened.shown() == "Restored: the parameters are those of before the last fit."
    again = {what: opened.value("dotprod", cells[what]) for what in before}
    assert again.pop("rmse")[0][0] == pytest.approx(before.pop("rmse")[0][0], abs=1e-12) and again == before
    opened.choose("Fit", "word_emb")
    assert opened.shown().startswith("word_emb: ")        # it says why not
    opened.document.close(True)


def test_a_fit_is_stopped_from_the_menu(office, tmp_path):
    workbook.build(planted(6, 7), tmp_path / "book.xlsx", n_factors=2)
    opened = InTheOffice(office, tmp_path / "book.xlsx")
    names = opened.document.NamedRanges
    for name, value in (("setting_optimizer", "sgd"), ("setting_epochs", 10_000_000), ("setting_lr", 1e-4)):
        names.getByName(name).ReferredCells.getCellByPosition(0, 0).Formula = str(value)
    status = names.getByName("bias_status").ReferredCells.getCellByPosition(0, 0)
    opened.choose("Fit", "bias")
    until(lambda: status.String.startswith("Fitting: epoch"))
    opened.choose("Stop", "bias")
    assert "as you asked; the best so far is kept" in until(lambda: status.String.startswith("RMSE ") and status.String)
    opened.document.close(True)


def test_the_file_is_the_same_twice_and_written_where_one_says(tmp_path, capsys):
    out = tmp_path / "collabsheet.oxt"
    assert main(["addin", "oxt", "-o", str(out)]) == 0
    with zipfile.ZipFile(out) as package:
        assert package.testzip() is None and "description.xml" in package.namelist()
    assert office_extension('/a "b" & <c>/python') == office_extension('/a "b" & <c>/python')
    source = zipfile.ZipFile(BytesIO(office_extension('/a "b" & <c>/python'))).read("Collabsheet/Menu.xba").decode()
    assert 'PythonPath = "/a ""b"" &amp; &lt;c&gt;/python"' in source
    capsys.readouterr()
    for words, why in ((["oxt"], "has no name"), (["oxt", "-o", "x.zip"], "should end in .oxt"), (["oxt", "-o", str(out)], "exists already"),
                       (["install", "-o", "x"], "Leave them out"), (["oxt", "-o", "y.oxt", "--profile", "p"], "Leave it out")):
        assert main(["addin", *words]) == 2
        assert why in capsys.readouterr().err
