"""The sheet `check`: how well each model predicts ratings that it has not seen.

Stands on `workbook.write`. You may add a judgement; every figure is a live formula that equals Python's.
"""
