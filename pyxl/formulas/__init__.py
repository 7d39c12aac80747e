"""A sheet's formulas: parsed, evaluated afresh, who depends on whom; compiled to torch and differentiated."""

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import dependents
from pyxl.formulas.language.formula_errors import FormulaError, Unsupported
from pyxl.formulas.language.parse import parse
from solver.lazy import lazy

__getattr__, _compiled = lazy(__name__, {"Compiled": "compiled", "compile_formulas": "compiled"})  # these need torch
__all__ = ["Calculator", "FormulaError", "Unsupported", "dependents", "parse", *_compiled]
