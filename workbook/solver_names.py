"""Excel Solver's model of a sheet, as hidden names: a student who opens Solver only presses Solve."""

from __future__ import annotations

from pyxl.cells import Range, quoted
from pyxl.layout import Layout

MOST_CHANGING_CELLS = 200   # what the Solver that comes with Excel takes

# As Excel itself writes them for a model without constraints, solved by GRG Nonlinear with
# central derivatives; typ 2 is "minimise", neg 2 is "may be negative".
_OPTIONS = {
    "cvg": "0.0001", "drv": "2", "eng": "1", "est": "1", "itr": "2147483647", "mip": "2147483647",
    "mni": "30", "mrt": "0.075", "msl": "2", "neg": "2", "nod": "2147483647", "num": "0", "nwt": "1",
    "pre": "0.000001", "rbv": "2", "rlx": "2", "rsd": "0", "scl": "2", "sho": "2", "ssz": "100",
    "tim": "2147483647", "tol": "0.01", "typ": "2", "val": "0", "ver": "3",
}


def changing_cells(layout: Layout) -> tuple[Range, ...]:
    """The parameters as few ranges: a bias lies against its factors and joins them."""
    pairs = ((layout.item_bias, layout.item_factors), (layout.user_bias, layout.user_factors))
    ranges = []
    for bias, factors in pairs:
        blocks = [block.range for block in (bias, factors) if block]
        ranges.append(Range(min(r.top for r in blocks), min(r.left for r in blocks),
                            max(r.bottom for r in blocks), max(r.right for r in blocks)))
    return tuple(ranges)


def define_solver_names(book, layout: Layout) -> None:
    """Add the hidden names ``solver_*`` of one sheet to an XlsxWriter workbook."""
    sheet = quoted(layout.sheet)
    names = dict(_OPTIONS)
    names["adj"] = ",".join(f"{sheet}!{r.absolute}" for r in changing_cells(layout))
    names["opt"] = f"{sheet}!{Range.around([layout.rmse]).absolute}"
    for name, refers_to in sorted(names.items()):
        book.define_name(f"{layout.sheet}!solver_{name}", f"={refers_to}")
        book.defined_names[-1][3] = True    # hidden: XlsxWriter has the flag but no argument for it


def solver_note(layout: Layout) -> str:
    """One sentence: whether Excel's Solver can take this sheet."""
    n = sum(r.size for r in changing_cells(layout))
    if n <= MOST_CHANGING_CELLS:
        return f"Solver changes {n} cells here (it takes at most {MOST_CHANGING_CELLS})."
    return (f"Too large for Solver: {n:,} changing cells, it takes at most {MOST_CHANGING_CELLS}; "
            "fit this sheet with collabsheet.")
