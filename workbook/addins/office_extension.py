"""The extension of LibreOffice: a menu and a toolbar, made of a little Basic and tables of what stands where."""

from __future__ import annotations

import zipfile
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

from solver.version import __version__
from workbook.vba.macro_text import macro_text, python_path

IDENTIFIER = "collabsheet.extension"
LIBRARY, MODULE_OF_MENU = "Collabsheet", "Menu"
MENU = {    # what stands in the menu and on the toolbar -> the macro behind it
    "Fit": "FitSheet",
    "Stop": "StopFit",
    "Restore": "RestoreSheet",
    "Inspect": "InspectSheet",
}
_CALC = "com.sun.star.sheet.SpreadsheetDocument"
_DATE = (1980, 1, 1, 0, 0, 0)   # of every part: the same extension is made twice byte for byte
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_DOCTYPE = '<!DOCTYPE {0}:{1} PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "{1}.dtd">\n'


def office_extension(python: str) -> bytes:
    """The bytes of an ``.oxt`` whose menu starts the Python at the path `python`."""
    parts = {
        "META-INF/manifest.xml": _manifest(),
        "description.xml": _description(),
        "Addons.xcu": _addons(),
        f"{LIBRARY}/script.xlb": _library("library"),
        f"{LIBRARY}/dialog.xlb": _library("dialogs"),
        f"{LIBRARY}/{MODULE_OF_MENU}.xba": _module(python),
    }
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name, _DATE), _XML + text, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def macro_url(macro: str) -> str:
    """How LibreOffice calls a macro of the extension."""
    return f"vnd.sun.star.script:{LIBRARY}.{MODULE_OF_MENU}.{macro}?language=Basic&location=application"


def _manifest() -> str:
    kinds = {f"{LIBRARY}/": "application/vnd.sun.star.basic-library", "Addons.xcu": "application/vnd.sun.star.configuration-data"}
    entries = "".join(f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"/>' for path, kind in kinds.items())
    return f'<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">{entries}</manifest:manifest>'


def _description() -> str:
    return (f'<description xmlns="http://openoffice.org/extensions/description/2006" xmlns:l="http://libreoffice.org/extensions/description/2011">'
            f'<identifier value="{IDENTIFIER}"/><version value="{__version__}"/>'
            '<dependencies><l:LibreOffice-minimal-version value="7.0" name="LibreOffice 7.0"/></dependencies>'
            '<display-name><name lang="en">collabsheet: fit the model on a sheet</name></display-name></description>')


def _addons() -> str:
    entries = [_node(f"m{number}", Title=title, URL=macro_url(macro), Target="_self", Context=_CALC)
               for number, (title, macro) in enumerate(MENU.items())]
    menu = _node("collabsheet.menu", f'<node oor:name="Submenu">{"".join(entries)}</node>', Title="Collabsheet", Target="_self", Context=_CALC)
    return ('<oor:component-data xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" oor:name="Addons" '
            'oor:package="org.openoffice.Office"><node oor:name="AddonUI">'
            f'<node oor:name="OfficeMenuBar">{menu}</node>'
            f'<node oor:name="OfficeToolBar"><node oor:name="collabsheet.toolbar" oor:op="replace">{"".join(entries)}</node></node>'
            '</node></oor:component-data>')


def _node(name: str, inner: str = "", **values: str) -> str:
    props = "".join(f'<prop oor:name="{what}" oor:type="xs:string"><value>{escape(value)}</value></prop>' for what, value in values.items())
    return f'<node oor:name="{name}" oor:op="replace">{props}{inner}</node>'


def _library(what: str) -> str:
    element = f'<library:element library:name="{MODULE_OF_MENU}"/>' if what == "library" else ""
    return (_DOCTYPE.format("library", "library") + '<library:library xmlns:library="http://openoffice.org/2000/library" '
            f'library:name="{LIBRARY}" library:readonly="false" library:passwordprotected="false">{element}</library:library>')


def _module(python: str) -> str:
    source = macro_text("office_menu.bas", "in_quotes.bas") + python_path(python)
    return (_DOCTYPE.format("script", "module") + '<script:module xmlns:script="http://openoffice.org/2000/script" '
            f'script:name={quoteattr(MODULE_OF_MENU)} script:language="StarBasic">{escape(source)}</script:module>')
