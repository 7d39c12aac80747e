"""What a workbook's names say about a sheet: where its blocks are."""

from __future__ import annotations

import re

from solver.errors import UserError

from .block_names import ROLES, view_name
from .cells import Range, quoted
from .readable_workbook import ReadableWorkbook


def blocks_by_name(workbook: ReadableWorkbook, sheet: str) -> dict[str, Range]:
    """The blocks that our names (`pyxl.grid.block_names`) give to a sheet, by role; empty when it has none.

    Raises UserError for a name that points nowhere and for parameter blocks that overlap.
    """
    here = _named_on(workbook, sheet)
    prefix = prefix_of(workbook, sheet)
    if prefix is None:
        return {}
    for name in workbook.names:
        if _split(name.name)[0] == prefix and _split(name.name)[1] and "#REF!" in name.refers_to:
            raise UserError(f"{name.name} is #REF!: the cells it named are gone. "
                            "Redefine it in Formulas > Name Manager.")
    found = here[prefix]
    parameters = [(role, found[role]) for role in found if role.endswith(("_factors", "_bias", "_weights"))]
    for i, (role, area) in enumerate(parameters):
        for other, second in parameters[i + 1:]:
            if area.overlaps(second):
                raise UserError(f"{quoted(sheet)}!{area} ({prefix}_{role}) and {second} "
                                f"({prefix}_{other}) overlap. Separate the two names.")
    return found


def prefix_of(workbook: ReadableWorkbook, sheet: str) -> str | None:
    """The first part of the names of a sheet's blocks: ``'bias'`` of ``bias_ratings``; None when
    the sheet has no names of ours. It stays when somebody renames the sheet."""
    return next((prefix for prefix, roles in _named_on(workbook, sheet).items()
                 if "rmse" in roles or "ratings" in roles), None)


def is_view(workbook: ReadableWorkbook, sheet: str) -> bool:
    """Whether our names mark the sheet as one that only shows what a model sheet holds."""
    marks = (area_of(name.refers_to) for name in workbook.names if name.scope is None and name.name.endswith(view_name("")))
    return any(where and where[0] == sheet for where in marks)


def lasting_name(workbook: ReadableWorkbook, sheet: str) -> str:
    """A model sheet by what its names begin with, which stays when somebody renames the sheet."""
    return prefix_of(workbook, sheet) or sheet


def _named_on(workbook: ReadableWorkbook, sheet: str) -> dict[str, dict[str, Range]]:
    here: dict[str, dict[str, Range]] = {}
    for name in workbook.names:
        prefix, role = _split(name.name)
        if name.scope is None and role:
            where = area_of(name.refers_to)
            if where and where[0] == sheet:
                here.setdefault(prefix, {})[role] = where[1]
    return here


def _split(name: str) -> tuple[str, str | None]:
    for role in ROLES:
        if name.endswith("_" + role) and len(name) > len(role) + 1:
            return name[:-len(role) - 1], role
    return name, None


def area_named(workbook: ReadableWorkbook, name: str) -> tuple[str, Range] | None:
    """The (sheet, Range) of a workbook-scoped name; None where there is none, or its sheet is gone."""
    refers_to = next((n.refers_to for n in workbook.names if n.scope is None and n.name == name), "")
    where = area_of(refers_to)
    return where if where is not None and where[0] in workbook.sheets else None


def area_of(text: str) -> tuple[str, Range] | None:
    """What a name refers to, ``'my sheet'!$A$1:$B$2``, as (sheet, Range); None for anything else."""
    match = re.fullmatch(r"=?(?:'((?:[^']|'')+)'|([^'!]+))!(\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?)",
                         text.strip())
    if not match:
        return None
    return (match[1].replace("''", "'") if match[1] else match[2]), Range.parse(match[3])
