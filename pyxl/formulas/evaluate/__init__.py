"""The value of any cell, computed afresh from its formulas, and which cells a change reaches.

Stands on `pyxl.formulas.functions.all_functions`. You may make it faster; its values must equal Excel's.
"""
