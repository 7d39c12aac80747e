"""The worksheet functions we evaluate: one table, name -> Function, put together from its kinds."""

from __future__ import annotations

from pyxl.formulas.functions.cells.conditional_sums import CONDITIONAL
from pyxl.formulas.functions.cells.logic import CONDITIONS
from pyxl.formulas.functions.cells.lookup import LOOKUP
from pyxl.formulas.functions.cells.subtotal import SUBTOTAL
from pyxl.formulas.functions.cells.xlookup import XLOOKUP
from pyxl.formulas.functions.mathematics.arithmetic import ARITHMETIC
from pyxl.formulas.functions.mathematics.distributions import DISTRIBUTIONS
from pyxl.formulas.functions.mathematics.finance import FINANCE
from pyxl.formulas.functions.mathematics.linear_fit import LINEAR_FIT
from pyxl.formulas.functions.mathematics.matrices import MATRICES
from pyxl.formulas.functions.mathematics.regression import REGRESSION
from pyxl.formulas.functions.mathematics.statistics import STATISTICS
from pyxl.formulas.functions.texts.dates import DATES
from pyxl.formulas.functions.texts.text import TEXT
from pyxl.formulas.language.function import Function

KINDS: dict[str, dict[str, Function]] = {
    "Numbers": ARITHMETIC,
    "Sums and statistics": STATISTICS | SUBTOTAL,
    "Sums under conditions": CONDITIONAL,
    "Pairs and regression": REGRESSION | LINEAR_FIT,
    "Distributions": DISTRIBUTIONS,
    "Matrices": MATRICES,
    "Conditions": CONDITIONS,
    "Where things are": LOOKUP | XLOOKUP,
    "Text": TEXT,
    "Dates": DATES,
    "Money": FINANCE,
}

FUNCTIONS: dict[str, Function] = {name: function for kind in KINDS.values() for name, function in kind.items()}

# What these give is drawn or read from the clock at every recalculation: no value of theirs holds.
DRAWN_ANEW = frozenset({"NOW", "RAND", "RANDARRAY", "RANDBETWEEN", "TODAY"})
