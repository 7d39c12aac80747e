"""The worksheet functions we evaluate: one table, name -> Function, put together from its kinds."""

from __future__ import annotations

from .arithmetic import ARITHMETIC
from .conditional import CONDITIONAL
from .conditions import CONDITIONS
from .dates import DATES
from .distributions import DISTRIBUTIONS
from .finance import FINANCE
from .function import Function
from .linear_fit import LINEAR_FIT
from .lookup import LOOKUP
from .matrices import MATRICES
from .regression import REGRESSION
from .statistics import STATISTICS
from .subtotal import SUBTOTAL
from .text import TEXT
from .xlookup import XLOOKUP

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
