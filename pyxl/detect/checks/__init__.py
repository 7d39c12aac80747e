"""What is odd about a sheet that holds a model: its formulas, its ratings, its labels.

Stands on `pyxl.formulas` and on the ids that the folder above finds. You may add a check; it refuses where no honest fit is possible,
and tells the rest in a note.
"""
