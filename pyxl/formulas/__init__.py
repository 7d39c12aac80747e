"""A sheet's formulas: parsed, evaluated afresh, and who depends on whom."""

from .depend import dependents
from .errors import FormulaError, Unsupported
from .evaluate import Calculator
from .parse import parse

__all__ = ["Calculator", "FormulaError", "Unsupported", "dependents", "parse"]
