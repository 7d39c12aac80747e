"""Commands that build the workbooks of the lesson: optimizers row by row, embeddings, and the number of factors.

Stands on the arguments in `pyxl.cli.arguments` and on `workbook`. You may add a command; `pyxl/__main__.py` lists it.
"""
