"""A workbook open in a headless LibreOffice, and somebody who presses its buttons: through the accessibility interface."""

from __future__ import annotations

from pathlib import Path

from office import until

from pyxl.engines.libreoffice.find_office import load_uno
from pyxl.engines.libreoffice.office import properties
from pyxl.grid.cells import Cell

ALWAYS = 4      # com.sun.star.document.MacroExecMode.ALWAYS_EXECUTE_NO_WARN


class Pressed:
    """The workbook at `path` in the office of `calc`, an xlwings app; `document` is LibreOffice's."""

    def __init__(self, calc, path):
        self.document = calc.impl.office.desktop.loadComponentFromURL(
            load_uno().systemPathToFileUrl(str(path)), "_blank", 0, properties(Hidden=True, MacroExecutionMode=ALWAYS))
        self.book, self.name = calc.books[str(path)], path.name
        self._status: dict = {}     # LibreOffice's cells
        self.idle = calc.impl.office.service("com.sun.star.awt.Toolkit").processEventsToIdle

    def press(self, caption: str, sheet: str = "bias") -> None:
        self.book.sheets[sheet].activate()
        form = self.book.sheets[sheet].impl.api.DrawPage.Forms.getByIndex(0)
        button = next(model for n in range(form.Count) if (model := form.getByIndex(n)).Label == caption)
        control = self.document.CurrentController.getControl(button)
        assert control.AccessibleContext.doAccessibleAction(0)
        self.idle()     # the press only posts an event; its macro has run when none is left

    def run(self, macro: str) -> None:
        """Run a macro as Tools > Macros does, with whatever sheet is in view."""
        scripts = self.document.getScriptProvider()
        scripts.getScript(f"vnd.sun.star.script:VBAProject.Collabsheet.{macro}?language=Basic&location=document").invoke((), (), ())

    def words(self, sheet: str = "bias") -> str:
        """The same as `status`, with one way to the office: who looks often slows it down."""
        if sheet not in self._status:
            self._status[sheet] = self.book.sheets[sheet].range(f"{sheet}_status").impl.api.getCellByPosition(0, 0)
        return self._status[sheet].String

    def status(self, sheet: str = "bias") -> str:
        return str(self.book.sheets[sheet].range(f"{sheet}_status").value)

    def until(self, *beginnings: str, sheet: str = "bias") -> str:
        return until(lambda: (said := self.status(sheet)).startswith(beginnings) and said)

    def rmse(self) -> float:
        return self.book.sheets["bias"].range("bias_rmse").value

    def parameters(self) -> tuple[float, ...]:
        names = ("user_factors", "item_factors", "user_bias", "item_bias")
        blocks = [self.book.sheets["bias"].range(f"bias_{name}").options(ndim=2).value for name in names]
        return tuple(number for block in blocks for row in block for number in row)

    def place(self, name: str) -> str:
        """Where on `start` a name points."""
        where = self.book.sheets["start"].range(name)
        return f"start!{Cell(where.row, where.column)}"

    def set(self, **settings) -> None:
        for option, value in settings.items():
            self.book.sheets["start"].range(f"setting_{option}").value = value

    def process(self) -> int | None:
        """The process that a button started for this workbook."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:     # it ended meanwhile
                continue
            if b"pyxl.press" in words and any(word.endswith(self.name.encode()) for word in words):
                return int(folder.name)
        return None
