"""Cells, labels, references and styles as every sheet that we build writes them.

Stands on `pyxl.grid.grid`. You may change looks here, for all sheets at once.
"""
