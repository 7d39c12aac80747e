"""What a formula is: its text parsed into a tree, its values, operators and errors, by Excel's rules.

Stands on `pyxl.grid.grid`. You may teach the parser more syntax; every rule here has Excel as its judge.
"""
