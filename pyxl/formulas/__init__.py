"""A sheet's formulas: parsed, evaluated afresh, who depends on whom; compiled to torch and differentiated."""

from solver.lazy import lazy

from .depend import dependents
from .errors import FormulaError, Unsupported
from .evaluate import Calculator
from .parse import parse

__getattr__, _compiled = lazy(__name__, {"Compiled": "compiled", "compile_formulas": "compiled"})  # these need torch
__all__ = ["Calculator", "FormulaError", "Unsupported", "dependents", "parse", *_compiled]
