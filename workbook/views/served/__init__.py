"""The sheet `served`: whom the model serves, and what another order of its lists would change.

Stands on `workbook.views.check`. You may add a question of fairness; every figure is a live formula that equals Python's.
"""
