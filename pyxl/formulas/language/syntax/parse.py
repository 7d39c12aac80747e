"""A formula's text -> a small tree. openpyxl's Tokenizer lexes; Excel's precedences bind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token, TokenizerError
from openpyxl.utils import column_index_from_string

from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.grid.cells import MAX_COL, MAX_ROW, ErrorValue, Value
from solver.errors import shortened

from .nodes import AcrossSheets, Apply, Array, Binary, Call, Foreign, Literal, Name, Node, Reference, Structured, Unary, walk
from .table_references import structured

__all__ = ["AcrossSheets", "Apply", "Array", "Binary", "Call", "Foreign", "Literal", "Name", "Node", "Reference",
           "Structured", "Unary", "parse", "walk"]

# Excel binds the minus sign before a number tighter than the power: -2^2 is 4.
BINDING = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "&": 2, "+": 3, "-": 3,
           "*": 4, "/": 4, "^": 5, "%": 6, "prefix": 7, ",": 8, " ": 9, ":": 10}

_QUOTED = 100       # signs of a formula that a sentence quotes
_CELL = r"(\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7})"
_AREA = re.compile(rf"{_CELL}(?::{_CELL})?")
_COLUMNS = re.compile(r"(\$?)([A-Za-z]{1,3}):(\$?)([A-Za-z]{1,3})")
_ROWS = re.compile(r"(\$?)([0-9]{1,7}):(\$?)([0-9]{1,7})")
_NAME = re.compile(r"[^\W\d][\w.?\\]*|\\[\w.?\\]*")
_SHEET = re.compile(r"(?:'((?:[^']|'')*)'|([^'!]*))!(.*)", re.S)


@lru_cache(maxsize=65_536)
def parse(text: str) -> Node:
    """The tree of a formula, given without its leading ``=``; the same text is parsed once.

    Raises FormulaError for what Excel's grammar does not allow.
    """
    try:
        tokens = list(_lex(text))
        node, rest = _expression(tokens, 0, 0)
    except (TokenizerError, IndexError) as error:  # IndexError: the Tokenizer's, for brackets that do not match
        raise FormulaError(f"'={shortened(text, most=_QUOTED)}' is not a formula: its brackets or quotes do not match.") from error
    except RecursionError:
        raise FormulaError(f"'={shortened(text, most=_QUOTED)}' is nested too deeply. Split it over several cells.") from None
    if tokens[rest][0] != "end":
        raise _unexpected(tokens, rest)
    return node


def _lex(text: str) -> Iterator[tuple[str, str]]:
    """(kind, text) tokens; blanks are dropped, except where they mean an intersection."""
    before, blank = "", False
    brackets: list[str] = []  # those that are open; "apply" for one that holds the arguments of LAMBDA(…)(…)
    for token in Tokenizer("=" + text).items:
        if token.type == Token.WSPACE:
            blank = True
            continue
        for kind, part in _split(token):
            if blank and before in ("range", ")") and kind in ("range", "(", "call"):
                yield "operator", " "
            if kind in ("call", "("):
                brackets.append("apply" if kind == "(" and before == ")" and not blank else kind)
            elif kind == ")" and brackets:
                brackets.pop()
            elif part == "," and brackets[-1:] == ["apply"]:
                kind = ","  # the Tokenizer takes it for a union
            yield kind, part
            before, blank = kind, False
    yield "end", ""


def _split(token: Token) -> Iterator[tuple[str, str]]:
    value = token.value
    if token.type == Token.OPERAND:
        if token.subtype == Token.RANGE:
            yield from _split_range(value)
        else:
            yield token.subtype.lower(), value
    elif token.type == Token.FUNC and token.subtype == Token.OPEN:
        head, colon, name = value.rpartition(":")  # the Tokenizer leaves A1:INDEX( in one piece
        if colon:
            yield from _split_range(head + colon)
        yield "call", name[:-1]
    elif token.type in (Token.OP_IN, Token.OP_PRE, Token.OP_POST):
        yield ("prefix" if token.type == Token.OP_PRE else "operator"), value
    else:
        yield value, value  # ( ) { } , ;


def _split_range(text: str) -> Iterator[tuple[str, str]]:
    """``A1:B2`` stays whole; ``A1:B2:C3``, ``A1:`` and ``:B3`` fall apart at the colons."""
    if text.startswith("@"):
        yield "prefix", "@"
        text = text[1:]
    body = text.rpartition("!")[2]
    if ":" not in body or _AREA.fullmatch(body) or _COLUMNS.fullmatch(body) or _ROWS.fullmatch(body) or "[" in text:
        yield "range", text
        return
    for i, part in enumerate(re.split(r":(?=(?:[^']*'[^']*')*[^']*$)", text)):
        if i:
            yield "operator", ":"
        if part:
            yield "range", part


def _expression(tokens, i: int, binding: int) -> tuple[Node, int]:
    """The expression at token i, as far as operators bind tighter than `binding`; the token after it."""
    node, i = _operand(tokens, i)
    while tokens[i][0] == "operator" and BINDING[op := tokens[i][1]] > binding or tokens[i][0] == "(":
        if tokens[i][0] == "(":
            args, i = _arguments(tokens, i + 1)
            node = Apply(node, args)
        elif (op := tokens[i][1]) == "%":
            node, i = Unary("%", node), i + 1
        else:
            right, i = _expression(tokens, i + 1, BINDING[op])
            node = Binary(op, node, right)
    return node, i


def _operand(tokens, i: int) -> tuple[Node, int]:
    kind, text = tokens[i]
    if kind == "prefix":
        node, i = _expression(tokens, i + 1, BINDING["prefix"])
        return (Call("SINGLE", (node,)) if text == "@" else Unary(text, node)), i
    if kind == "(":
        node, i = _expression(tokens, i + 1, 0)
        return node, _past(tokens, i, ")")
    if kind == "call":
        return _call(tokens, i)
    if kind == "{":
        return _array(tokens, i)
    if kind == "range":
        return _range(text), i + 1
    if kind in ("number", "text", "logical", "error"):
        return Literal(_constant(kind, text)), i + 1
    raise _unexpected(tokens, i)


def _call(tokens, i: int) -> tuple[Node, int]:
    name = re.sub(r"^(_XLFN\.|_XLWS\.|_XLUDF\.)+", "", tokens[i][1].upper())
    args, i = _arguments(tokens, i + 1)
    return Call(name, args), i


def _arguments(tokens, i: int) -> tuple[tuple[Node, ...], int]:
    """What stands between the brackets, of which the opening one is passed, and the token after them."""
    args: list[Node] = []
    if tokens[i][0] == ")":
        return (), i + 1
    while True:
        if tokens[i][0] in (",", ")"):
            args.append(Literal(None))
        else:
            node, i = _expression(tokens, i, 0)
            args.append(node)
        if tokens[i][0] == ")":
            return tuple(args), i + 1
        i = _past(tokens, i, ",")


def _array(tokens, i: int) -> tuple[Node, int]:
    rows: list[list[Value]] = [[]]
    while tokens[i][0] != "}":
        i += 1
        sign = -1.0 if tokens[i] == ("prefix", "-") else 1.0
        i += tokens[i][0] == "prefix"
        kind, text = tokens[i]
        if kind not in ("number", "text", "logical", "error"):
            raise _unexpected(tokens, i)
        rows[-1].append(sign * float(text) if kind == "number" else _constant(kind, text))
        i += 1
        if tokens[i][0] == ";":
            rows.append([])
        elif tokens[i][0] not in (",", "}"):
            raise _unexpected(tokens, i)
    if len({len(row) for row in rows}) != 1:
        raise FormulaError("The rows of an array constant are not of the same length.")
    return Array(tuple(map(tuple, rows))), i + 1


def _constant(kind: str, text: str) -> Value:
    if kind == "number":
        return float(text)
    if kind == "text":
        return text[1:-1].replace('""', '"')
    return text.upper() == "TRUE" if kind == "logical" else ErrorValue(text.upper())


def _range(text: str) -> Node:
    """A cell, a range, whole columns or rows, a name, part of a table, or something outside the book's cells."""
    if "[" in text and (table := structured(text)):
        return table
    sheet, body = None, text
    if match := _SHEET.fullmatch(text):
        sheet = match[1].replace("''", "'") if match[1] is not None else match[2]
        body = match[3]
        if "[" in sheet:
            return Foreign(text)
        if ":" in sheet:
            first, _, last = sheet.partition(":")
            if isinstance(cells := _range(body), Reference):
                return AcrossSheets(first, last, cells)
            raise FormulaError(f"'{text}' names no cells of several sheets.")
    if "[" in body:  # the sheet is the other workbook's name, of whose table this is a part
        return Foreign(text)
    if body.upper().startswith("#"):
        return Literal(ErrorValue(body.upper()))
    if (match := _AREA.fullmatch(body)) and (found := _area(sheet, match)):
        return found
    if match := _COLUMNS.fullmatch(body):
        left, right = column_index_from_string(match[2].upper()), column_index_from_string(match[4].upper())
        if max(left, right) <= MAX_COL:
            ends = sorted(((left, bool(match[1])), (right, bool(match[3]))))
            return Reference(sheet, 1, ends[0][0], MAX_ROW, ends[1][0], (True, ends[0][1], True, ends[1][1]))
    if match := _ROWS.fullmatch(body):
        ends = sorted(((int(match[2]), bool(match[1])), (int(match[4]), bool(match[3]))))
        if ends[0][0] >= 1 and ends[1][0] <= MAX_ROW:
            return Reference(sheet, ends[0][0], 1, ends[1][0], MAX_COL, (ends[0][1], True, ends[1][1], True))
    if _NAME.fullmatch(body):
        return Name(sheet, body)
    raise FormulaError(f"'{text}' is neither a cell nor a name.")


def _area(sheet: str | None, match: re.Match) -> Reference | None:
    """The reference, or None when no sheet has such a cell (then it is a name: ``ABCD12``, ``FY2024``)."""
    ends: list[tuple[tuple[int, bool], tuple[int, bool]]] = []   # (row, whether it is fixed), and the same of the column
    for fix_col, letters, fix_row, digits in (match.group(1, 2, 3, 4), match.group(5, 6, 7, 8)):
        if letters is None:
            ends.append(ends[0])
            break
        row, col = int(digits), column_index_from_string(letters.upper())
        if not (1 <= row <= MAX_ROW and col <= MAX_COL):
            return None
        ends.append(((row, bool(fix_row)), (col, bool(fix_col))))
    (top, fix_top), (bottom, fix_bottom) = sorted(end[0] for end in ends)
    (left, fix_left), (right, fix_right) = sorted(end[1] for end in ends)
    return Reference(sheet, top, left, bottom, right, (fix_top, fix_left, fix_bottom, fix_right))


def _past(tokens, i: int, kind: str) -> int:
    if tokens[i][0] != kind:
        raise _unexpected(tokens, i)
    return i + 1


def _unexpected(tokens, i: int) -> FormulaError:
    kind, text = tokens[i]
    return FormulaError("The formula ends too early." if kind == "end" else
                        f"The formula has '{shortened(text, most=_QUOTED)}' where it cannot stand.")
