"""Problems whose formulas are not linear, yet can be said as a linear model with whole numbers, which HiGHS proves.

Stands on `pyxl.formulas.structure` and `solver`. You may add a rule for one more operation to `term_rules`; a model must be
exact, or say by how much it is not.
"""
