"""The worksheet functions we evaluate: one table, name -> Function, put together from its kinds."""

from __future__ import annotations

from .arithmetic import ARITHMETIC
from .conditional import CONDITIONAL
from .conditions import CONDITIONS
from .function import Function
from .lookup import LOOKUP
from .matrices import MATRICES
from .regression import REGRESSION
from .statistics import STATISTICS
from .text import TEXT

KINDS: dict[str, dict[str, Function]] = {
    "numbers": ARITHMETIC,
    "sums and statistics": STATISTICS,
    "sums under conditions": CONDITIONAL,
    "pairs and regression": REGRESSION,
    "matrices": MATRICES,
    "conditions": CONDITIONS,
    "where things are": LOOKUP,
    "text": TEXT,
}

FUNCTIONS: dict[str, Function] = {name: function for kind in KINDS.values() for name, function in kind.items()}
