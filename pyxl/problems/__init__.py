"""Problems of any kind that stand on a sheet: a cell to make small, large or equal to a value by changing others.

`stored` reads the model that Excel's Solver keeps with a sheet, `stated` the same said by hand; `pose` compiles the
formulas between the cells into a `solver.Program`, `solve` minimises it, `report` tells what was found.
"""
