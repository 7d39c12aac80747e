"""The text of the macros, which lies here in files."""

from __future__ import annotations

from importlib.resources import files


def macro_text(*names: str) -> str:
    """The text of a module of macros, put together from files of this folder, as one reads it in Excel's editor."""
    return "\n".join(files(__package__).joinpath(name).read_text(encoding="utf-8") for name in names)


def python_path(python: str) -> str:
    """A function of Basic that gives the path of a Python."""
    path = '"' + python.replace('"', '""') + '"'
    return f"\nPrivate Function PythonPath() As String\n    PythonPath = {path}\nEnd Function\n"
