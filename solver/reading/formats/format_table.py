"""Every format that a table is read from, in one table, and how the one of a file is found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from solver.errors import UserError
from solver.reading.looked_at.sources import Source, source_of
from solver.reading.looked_at.table_port import Format, SourceTable, Told

from .crosstabs import crosstab_in
from .delimited_text.delimited import look_at_text
from .many_files import ManyTables
from .netflix_blocks import FIRST_LINE, look_at_blocks

_ENDINGS = {
    "Parquet": (".parquet", ".pq"), "Feather": (".feather", ".arrow", ".ipc"),
    "spreadsheet": (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "JSON": (".json", ".jsonl", ".ndjson"),
    "text": (".csv", ".tsv", ".dat", ".txt", ".data", ".tab", ".ratings", ".psv"),
}

_OF_A_MODEL = ("model.json", "model.safetensors")   # what a model folder has: `solver.collab.saved`


def _parquet(source: Source, told: Told) -> SourceTable:
    from .arrow_files import look_at_parquet  # loads pyarrow

    return look_at_parquet(source, told)


def _feather(source: Source, told: Told) -> SourceTable:
    from .arrow_files import look_at_feather

    return look_at_feather(source, told)


def _sheet(source: Source, told: Told) -> SourceTable:
    from .spreadsheets import look_at_sheet

    sheet = look_at_sheet(source, told)
    return crosstab_in(sheet, told) or sheet


def _json(source: Source, told: Told) -> SourceTable:
    from .json_lines import look_at_json

    return look_at_json(source, told)


def _text(source: Source, told: Told) -> SourceTable:
    text = look_at_text(source, told)
    return crosstab_in(text, told) or text


_IN_COLUMNS = ("sep", "encoding", "sheet")     # of values, with names

FORMATS: tuple[Format, ...] = (
    Format("Parquet", lambda source, head: head.startswith(b"PAR1") or source.suffix in _ENDINGS["Parquet"], _parquet, _IN_COLUMNS),
    Format("Feather", lambda source, head: head.startswith((b"ARROW1", b"FEA1")) or source.suffix in _ENDINGS["Feather"], _feather, _IN_COLUMNS),
    Format("spreadsheet", lambda source, head: head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")), _sheet, ("sep", "encoding")),
    Format("JSON", lambda source, head: head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{\"", b"[{", b"{ \"", b"{\n", b"{\r\n", b"[\n", b"[ {", b"[\r\n")), _json,
           ("sep", "sheet", "crosstab")),
    Format("Netflix blocks", lambda source, head: FIRST_LINE.match(head) is not None, look_at_blocks, ("sep", "sheet", "crosstab")),
    Format("delimited text", lambda source, head: True, _text, ("sheet",)),
)


def look_at(paths: Source | Sequence[str | Path], told: Told) -> SourceTable:
    """The table in a file, in several, or in a folder of them, looked at and not yet read.

    Raises UserError where there is no file, or what it holds is no table.
    """
    if isinstance(paths, Source):
        return _looked_at(paths, told)
    given = [Path(path) for path in paths]
    if not given:
        raise UserError("No file is named. Give one with ratings.")
    files = [file for path in given for file in (_files_in(path) if path.is_dir() else [path])]
    tables = [_looked_at(source_of(file), told) for file in files]
    if len(tables) == 1:
        return tables[0]
    return ManyTables(given[0].name if len(given) == 1 else f"{given[0].name} and {len(files) - 1} more", tables)


def _looked_at(source: Source, told: Told) -> SourceTable:
    head = source.head()
    kind = next(kind for kind in FORMATS if kind.recognises(source, head))
    _refuse_what_says_nothing(source, kind, told)
    return kind.look(source, told)


def _refuse_what_says_nothing(source: Source, kind: Format, told: Told) -> None:
    """Raise UserError for an option that has no meaning for a table of this kind: else it would be ignored without a word."""
    if told.sheet is not None and "sheet" in kind.deaf_to:
        raise UserError(f"{source.name} is no workbook and has no sheet '{told.sheet}'. Leave out --sheet.")
    if told.layout == "crosstab" and "crosstab" in kind.deaf_to:
        raise UserError(f"{source.name} is read as {kind.name}, in which a row holds a rating. Leave out --layout crosstab, or save the "
                        "crosstab as CSV or .xlsx.")
    for option in ("sep", "encoding"):
        if getattr(told, option) is not None and option in kind.deaf_to:
            raise UserError(f"{source.name} is read as {kind.name}, to which --{option} says nothing. Leave it out.")


def _files_in(folder: Path) -> list[Path]:
    """The tables in a folder, in the order of their names: all files of the first kind that it holds, or those of them
    that are called after ratings. Raises UserError for the folder of a model."""
    if all((folder / name).is_file() for name in _OF_A_MODEL):
        raise UserError(f"The folder '{folder.name}' holds a trained model, and no table of ratings. `collabsheet recommend {folder.name} --all` and "
                        "other commands ask it.")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    for endings in _ENDINGS.values():
        found = [file for file in files if _ending(file) in endings]
        if found:
            return [file for file in found if "rating" in file.name.casefold()] or found
    return [folder]     # which is refused as what it is


def _ending(file: Path) -> str:
    packed = file.suffix.lower() in (".gz", ".bz2", ".xz", ".zip", ".zst")
    return Path(file.stem if packed else file).suffix.lower()
