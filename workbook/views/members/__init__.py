"""The sheets `items` and `users`: everybody from best to worst, in what they differ, and who is alike.

Stands on `workbook.write` and `workbook.model_sheets`. You may add a column; every figure is a live formula that equals Python's.
"""
