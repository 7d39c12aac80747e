"""The text of a formula and its tree: parsed, moved to another cell, and with names and tables put in.

Stands on `pyxl.formulas.language.formula_errors` and openpyxl's tokenizer. You may teach the parser more syntax; a
formula means here what it means in Excel.
"""
