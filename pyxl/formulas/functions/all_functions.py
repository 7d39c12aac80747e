"""The worksheet functions we evaluate: one table, name -> Function, put together from its kinds."""

from __future__ import annotations

from pyxl.formulas.functions.cells.array_functions import ARRAYS
from pyxl.formulas.functions.cells.conditional_sums import CONDITIONAL
from pyxl.formulas.functions.cells.data_table import DATA_TABLE
from pyxl.formulas.functions.cells.database import DATABASE
from pyxl.formulas.functions.cells.information import INFORMATION
from pyxl.formulas.functions.cells.lambda_functions import LAMBDAS
from pyxl.formulas.functions.cells.logic import CONDITIONS
from pyxl.formulas.functions.cells.lookup import LOOKUP
from pyxl.formulas.functions.cells.subtotal import SUBTOTAL
from pyxl.formulas.functions.cells.xlookup import XLOOKUP
from pyxl.formulas.functions.mathematics.arithmetic import ARITHMETIC
from pyxl.formulas.functions.mathematics.distributions import DISTRIBUTIONS
from pyxl.formulas.functions.mathematics.inverse_distributions import INVERSE_DISTRIBUTIONS
from pyxl.formulas.functions.mathematics.linear_fit import LINEAR_FIT
from pyxl.formulas.functions.mathematics.matrices import MATRICES
from pyxl.formulas.functions.mathematics.more_arithmetic import MORE_ARITHMETIC
from pyxl.formulas.functions.mathematics.number_bases import NUMBER_BASES
from pyxl.formulas.functions.mathematics.regression import REGRESSION
from pyxl.formulas.functions.mathematics.sample_tests import SAMPLE_TESTS
from pyxl.formulas.functions.mathematics.statistics import STATISTICS
from pyxl.formulas.functions.money.depreciation import DEPRECIATION
from pyxl.formulas.functions.money.finance import FINANCE
from pyxl.formulas.functions.money.loans import LOANS
from pyxl.formulas.functions.texts.dates import DATES
from pyxl.formulas.functions.texts.days_between import DAYS_BETWEEN
from pyxl.formulas.functions.texts.text import TEXT
from pyxl.formulas.language.function import Function

FUNCTION_KINDS: dict[str, dict[str, Function]] = {
    "Numbers": ARITHMETIC | MORE_ARITHMETIC,
    "Digits and bits": NUMBER_BASES,
    "Sums and statistics": STATISTICS | SUBTOTAL | SAMPLE_TESTS,
    "Sums under conditions": CONDITIONAL,
    "Lists with criteria": DATABASE,
    "Pairs and regression": REGRESSION | LINEAR_FIT,
    "Distributions": DISTRIBUTIONS | INVERSE_DISTRIBUTIONS,
    "Matrices": MATRICES,
    "Conditions": CONDITIONS,
    "Where things are": LOOKUP | XLOOKUP | INFORMATION,
    "Arrays": ARRAYS,
    "Functions of one's own": LAMBDAS,
    "What-if tables": DATA_TABLE,
    "Text": TEXT,
    "Dates": DATES | DAYS_BETWEEN,
    "Money": FINANCE | LOANS | DEPRECIATION,
}

FUNCTIONS: dict[str, Function] = {name: function for kind in FUNCTION_KINDS.values() for name, function in kind.items()}

# What these give is drawn or read from the clock at every recalculation: no value of theirs holds.
DRAWN_ANEW = frozenset({"NOW", "RAND", "RANDARRAY", "RANDBETWEEN", "TODAY"})
