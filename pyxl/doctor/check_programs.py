"""The programs that show a workbook: Excel, LibreOffice, their add-in and their leave to run macros."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from pyxl.engines.engine_table import ENGINES
from pyxl.engines.libreoffice.find_office import OFFICE, has_screen
from solver.errors import UserError

from .applescript import installed_script
from .finding import Finding

TRUST_EXCEL = ("File > Options > Trust Center > Trust Center Settings > Macro Settings: choose 'Disable all macros with "
               "notification', and press Enable Content when a workbook with buttons opens")
TRUST_MAC = "Excel > Preferences > Security: choose 'Disable all macros with notification', and enable them when asked"
TRUST_OFFICE = ("In LibreOffice: Tools > Options > LibreOffice > Security > Macro Security: choose Medium, or put the workbook's "
                "folder on the list of Trusted Sources")
# how LibreOffice counts: what it has where nobody chose, and what runs no macro of a workbook without asking
_LEVELS = {0: "Low", 1: "Medium", 2: "High", 3: "Very High"}
_LEVEL_AT_FIRST, _LEVEL_THAT_ASKS = 2, 1
_TRUSTED = re.compile(r'"SecureURL"[^>]*>\s*<value[^>]*>(.*?)</value>', re.S)
_LEVEL = re.compile(r'"MacroSecurityLevel"[^>]*>\s*<value>(\d)</value>')


def programs() -> Iterator[Finding]:
    """Each thing as soon as it is known; to start an office takes seconds."""
    excel = _excel()
    yield excel
    if excel.state == "works":
        yield _addin()
        yield Finding("macros, Excel", "look", "Excel says to nobody whether it may run them.",
                      TRUST_MAC if sys.platform == "darwin" else TRUST_EXCEL + "; a downloaded one first needs "
                      "Properties > Unblock in its folder")
        if sys.platform == "darwin":
            yield _script()
    office = _libreoffice()
    yield office
    if office.state == "works":
        yield _office_macros(_office_settings())


def _excel() -> Finding:
    try:
        ENGINES["excel"].check()
    except UserError as why:
        return Finding("Excel", "missing", str(why))
    return Finding("Excel", "works", "It is installed, and --live finds it.")


def _addin() -> Finding:
    """Whether xlwings' add-in is where `xlwings addin install` puts it."""
    if sys.platform == "darwin":
        folder = Path.home() / "Library/Group Containers/UBF8T346G9.Office/User Content.localized/Startup.localized/Excel"
    else:
        folder = Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming")) / "Microsoft" / "Excel" / "XLSTART"
    if (folder / "xlwings.xlam").exists():
        return Finding("add-in", "works", "xlwings' tab with Run main is in Excel's ribbon.")
    return Finding("add-in", "missing", f"xlwings' tab with Run main is not in {folder}; buttons do without it.",
                   "xlwings addin install")


def _script() -> Finding:
    path = installed_script(Path.home())
    if path.exists():
        return Finding("script", "works", f"{path}: buttons may start Python.")
    return Finding("script", "missing", "Excel's sandbox lets no button start Python.", "collabsheet doctor --install")


def _libreoffice() -> Finding:
    try:
        ENGINES["libreoffice"].check()
        from pyxl.engines.libreoffice.calc_engine import CalcEngine
        app = CalcEngine().apps.add(visible=False)
        try:
            version = app.version
        finally:
            app.quit()
    except UserError as why:
        return Finding("LibreOffice", "missing", str(why))
    says = f"{version} starts and answers"
    if not (has_screen() or OFFICE in os.environ):
        says += "; there is no screen here on which it could show a live fit"
    return Finding("LibreOffice", "works", f"{says}.")


def _office_settings() -> Path:
    """Where LibreOffice keeps what its user chose."""
    base = {"win32": Path(os.environ.get("APPDATA", Path.home())) / "LibreOffice",
            "darwin": Path.home() / "Library/Application Support/LibreOffice"}.get(
                sys.platform, Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "libreoffice")
    return base / "4" / "user" / "registrymodifications.xcu"


def _office_macros(settings: Path) -> Finding:
    try:
        text = settings.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""    # nobody changed anything yet
    found = _LEVEL.search(text)
    level = int(found[1]) if found else _LEVEL_AT_FIRST
    says = f"LibreOffice's macro security is {_LEVELS.get(level, level)}"
    if level <= _LEVEL_THAT_ASKS:
        return Finding("macros, LibreOffice", "works", f"{says}: buttons work.")
    if folders := _trusted_folders(text):
        return Finding("macros, LibreOffice", "works", f"{says}: buttons work in workbooks of the trusted folders ({', '.join(folders)}), "
                       "and nowhere else.")
    return Finding("macros, LibreOffice", "missing", f"{says}: buttons do nothing.", TRUST_OFFICE)


def _trusted_folders(settings: str) -> list[str]:
    """The folders on LibreOffice's list of trusted sources."""
    found = _TRUSTED.search(settings)
    items = re.findall(r"<it>(.*?)</it>", found[1], re.S) if found else []
    return [unquote(unescape(item).removeprefix("file://")) for item in items if item.strip()]
