"""The calls of Solver in VBA source, with arguments that stand there as constants: a macro is read line by line and never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

PARAMETERS = {      # of Solver's VBA functions, in the order in which they may be given without names
    "solverok": ("setcell", "maxminval", "valueof", "bychange", "engine", "enginedesc"),
    "solveradd": ("cellref", "relation", "formulatext"), "solverchange": ("cellref", "relation", "formulatext"),
    "solverdelete": ("cellref", "relation", "formulatext"),
    "solveroptions": ("maxtime", "iterations", "precision", "assumelinear", "stepthru", "estimates", "derivatives", "searchoption",
                      "inttolerance", "scaling", "convergence", "assumenonneg", "populationsize", "randomseed", "multistart", "requirebounds",
                      "mutationrate", "maxsubproblems", "maxintegersols", "solvewithout", "maxtimenoimp"),
    "solverreset": (), "solversolve": ("userfinish", "showref")}
PARAMETERS["solverokdialog"] = PARAMETERS["solverok"]
_CALL = re.compile(r"\b(" + "|".join(sorted(PARAMETERS, key=len, reverse=True)) + r")\b", re.IGNORECASE)
_PROCEDURE = re.compile(r"(?:(?:public|private|friend|static)\s+)*(?:sub|function)\s+(\w+)", re.IGNORECASE)
_CHOSEN = re.compile(r"(?:(?:this|active)workbook\.)?(?:work)?sheets\(\s*\"([^\"]+)\"\s*\)\.(?:activate|select)\b", re.IGNORECASE)
_GIVEN = re.compile(r"(?:(?:set|let|(?:public |private )?const)\s+)?(\w+)(?:\s+as\s+\w+)?\s*=\s*(.+)", re.IGNORECASE)
_RANGE = re.compile(r"(?:(?:this|active)workbook\.)?(?:(?:work)?sheets\(\s*\"([^\"]+)\"\s*\)\.|activesheet\.)?(?:range\((.+?)\)|\[([^\]]+)\]|(\w+)(?=\.))"
                    r"(?:\.address(?:\([^)]*\))?)?", re.IGNORECASE)
_CONSTANTS = {"true": 1.0, "false": 2.0}      # as Solver's names keep them


@dataclass(frozen=True)
class SolverCall:
    """One call of Solver: `arguments` by name in small letters, each a number or a text, without those that the macro computes as it
    runs (`computed` says whether there are some). `sheet` is the one that was activated last before it, None where none was."""

    name: str
    arguments: dict[str, float | str]
    computed: bool
    sheet: str | None


@dataclass
class Procedure:
    """A macro, and its calls of Solver in order."""

    module: str
    name: str
    calls: list[SolverCall] = field(default_factory=list)


def procedures(module: str, source: str) -> list[Procedure]:
    """The macros of a module that call Solver."""
    found, values, sheet = [Procedure(module, "")], dict[str, float | str](), None
    for statement in _statements(source):
        if begun := _PROCEDURE.match(statement):
            found.append(Procedure(module, begun[1]))
            sheet = None
        elif chosen := _CHOSEN.match(statement):
            sheet = chosen[1]
        elif call := _CALL.search(_outside_quotes(statement, but_run=True)):
            name = call[1].lower()
            text = statement[call.end():]
            if re.match(r".*\bapplication\.run\b", statement[:call.start()], re.IGNORECASE):     # Application.Run "Solver.xlam!SolverOk", …
                text = text.partition('"')[2].strip().removeprefix(",")
            arguments, computed = _arguments(name, text.strip(), values)
            found[-1].calls.append(SolverCall(name, arguments, computed, sheet))
        elif given := _GIVEN.match(statement):
            value = _value(given[2], values)
            values.pop(given[1].lower(), None)
            if value is not None:
                values[given[1].lower()] = value
    return [procedure for procedure in found if procedure.calls]


def _statements(source: str) -> Iterator[str]:
    """Statements one by one, continued lines joined, comments left out."""
    for line in re.sub(r"[ \t]_[ \t]*\r?\n", " ", source).splitlines():
        bare = _outside_quotes(line)
        comment = re.search(r"'|(?:^|:)\s*rem\b", bare, re.IGNORECASE)
        line, bare = (line, bare) if comment is None else (line[:comment.start()], bare[:comment.start()])
        cuts = [-1, *(mark.start() for mark in re.finditer(r":(?!=)", re.sub(r"\[[^\]]*\]", lambda cells: " " * len(cells[0]), bare))), len(line)]
        yield from filter(None, (line[a + 1:b].strip() for a, b in zip(cuts, cuts[1:])))


def _outside_quotes(line: str, *, but_run: bool = False) -> str:
    """The line with blanks in the place of texts in quotes; with `but_run` not in that of the macro of an Application.Run."""
    run = re.search(r"application\.run\b[\s(]*\"[^\"]*\"", line, re.IGNORECASE) if but_run else None
    blanked = re.sub(r"\"[^\"]*\"", lambda text: " " * len(text[0]), line)
    return blanked if run is None else blanked[:run.start()] + run[0] + blanked[run.end():]


def _arguments(name: str, text: str, values: dict[str, float | str]) -> tuple[dict[str, float | str], bool]:
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    found: dict[str, float | str] = {}
    computed = False
    for place, part in enumerate(_parts(text)):
        named = re.match(r"(\w+)\s*:=\s*(.*)", part)
        key = named[1].lower() if named else PARAMETERS[name][place] if place < len(PARAMETERS[name]) else None
        part = named[2] if named else part
        if not part or key is None:
            continue
        value = _value(part, values)
        computed |= value is None
        if value is not None:
            found[key] = value
    return found, computed


def _parts(text: str) -> list[str]:
    """The parts between commas that stand outside quotes and brackets."""
    bare, depth, cuts = _outside_quotes(text), 0, [-1]
    for at, letter in enumerate(bare):
        depth += (letter in "([") - (letter in ")]")
        if depth < 0:       # the bracket that closes the call
            text = text[:at]
            break
        if letter == "," and not depth:
            cuts.append(at)
    cuts.append(len(text))
    return [text[a + 1:b].strip() for a, b in zip(cuts, cuts[1:])]


def _value(text: str, values: dict[str, float | str]) -> float | str | None:
    """What an expression is, where that can be read off: a number, a text, a range, or texts joined; else None."""
    text = text.strip()
    if (pieces := _joined(text)) is not None:
        read = [_value(piece, values) for piece in pieces]
        return None if None in read else "".join(f"{piece:.15g}" if isinstance(piece, float) else str(piece) for piece in read)
    if re.fullmatch(r"\"(?:[^\"]|\"\")*\"", text):
        return text[1:-1].replace('""', '"')
    if area := _RANGE.fullmatch(text):
        where = area[3] or (_value(area[2], values) if area[2] else values.get(area[4].lower()))
        return f"'{area[1]}'!{where}" if area[1] and where else where
    if text.lower() in _CONSTANTS:
        return _CONSTANTS[text.lower()]
    if text.lower() in values:
        return values[text.lower()]
    try:
        return float(text)
    except ValueError:
        return None


def _joined(text: str) -> list[str] | None:
    """The pieces of ``a & b``; None where nothing is joined."""
    bare = _outside_quotes(text)
    cuts = [-1, *(mark.start() for mark in re.finditer("&", bare)), len(text)]
    return None if len(cuts) == 2 else [text[a + 1:b] for a, b in zip(cuts, cuts[1:])]
