"""The table of engines (Excel, LibreOffice, file), and the choice among them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from solver.errors import UserError

from .libreoffice.find_office import OFFICE, find_soffice, has_screen, load_uno

if TYPE_CHECKING:
    import xlwings


@dataclass(frozen=True)
class EngineEntry:
    """A program that can hold a workbook: `summary` for people; `check()` raises UserError, with the
    sentence that installs it, where it is missing; `engine()` makes what xlwings registers."""

    summary: str
    check: Callable[[], None]
    engine: Callable[[], object]


def choose_engine(name: str | None = None) -> xlwings.Engine:
    """The xlwings engine called `name`, registered and active; None: Excel where it is installed,
    LibreOffice where one listens or a screen can show it, else the file.

    Raises UserError where the named one is unknown or missing.
    """
    if name is None:
        name = next(name for name in ENGINES if _there(name))
    elif name not in ENGINES:
        raise UserError(f"There is no engine '{name}'. Choose one of: {', '.join(ENGINES)}.")
    host = ENGINES[name]
    host.check()
    import xlwings
    if name not in xlwings.engines.engines_by_name:
        xlwings.engines.add(xlwings.Engine(impl=host.engine()))
    engine = xlwings.engines[name]
    engine.activate()
    return engine


def _there(name: str) -> bool:
    """Whether a host can be used without being asked for."""
    try:
        ENGINES[name].check()
    except UserError:
        return False
    # an office that nobody sees would have to save the workbook itself, and it loses parts of it
    return name != "libreoffice" or OFFICE in os.environ or has_screen()


def _check_excel() -> None:
    if sys.platform == "win32":
        import winreg
        try:
            winreg.CloseKey(winreg.OpenKey(winreg.HKEY_CLASSES_ROOT, "Excel.Application"))
            import win32com  # noqa: F401
        except ImportError:
            raise UserError("Excel is driven through pywin32, which is missing: pip install pywin32.") from None
        except OSError:
            pass
        else:
            return
    elif sys.platform == "darwin" and Path("/Applications/Microsoft Excel.app").exists():
        return
    raise UserError("There is no Excel here. Install it, or choose --engine libreoffice or --engine file.")


def _check_libreoffice() -> None:
    find_soffice()
    load_uno()


def _excel():
    import xlwings
    raise UserError(f"xlwings {xlwings.__version__} could not load its Excel engine. Reinstall it: "
                    "pip install --force-reinstall xlwings.")


def _libreoffice():
    from .libreoffice.calc_engine import CalcEngine
    return CalcEngine()


def _file():
    from .file_engine import FileEngine
    return FileEngine()


ENGINES = {
    "excel": EngineEntry("Microsoft Excel, Windows and Mac", _check_excel, _excel),
    "libreoffice": EngineEntry("LibreOffice Calc", _check_libreoffice, _libreoffice),
    "file": EngineEntry("no office: the file itself, changed in place", lambda: None, _file),
}
