"""A sheet's formulas compiled to torch: values and exact derivatives, without knowing the model.

The idea in four words:

- **groups** (`groups.py`): cells whose formulas are equal in relative form, as after filling down, are
  one group; of it a **batch** of cells is evaluated together. The cells of a batch lie at the crossings of
  some rows and columns where they can, so that ``MMULT($B25:$F25,H$19:H$23)`` reads one row of factors
  per row, one column per column, and is one matrix product.
- **lanes** (the folder `lanes`): what a node of the formula is in every cell of a batch, an array (rows,
  columns, height, width) that is stretched where rows or columns do not differ. Elements are
  constants, with any of Excel's values, or dynamic: known only when the program runs. What Excel
  decides by kind (SUM skips text, SUMXMY2 pairs with a blank) is thereby decided when compiling, and
  a condition of constants (``IF(H2="",0,…)``) becomes a mask.
- **demand** (`schedule.py`): compiling starts at the outputs. A batch that reads a cell not yet
  compiled waits until that cell's batch is. Where groups need each other (running totals, unrolled
  optimizers), their cells are compiled in levels: each level needs only earlier ones.
- **program** (`torch_program.py`): the torch calls that compiling has written down, in order. Running it is
  all that an evaluation costs; autograd differentiates it.

What depends on no changing cell is asked of the `Calculator`, never compiled.
"""
