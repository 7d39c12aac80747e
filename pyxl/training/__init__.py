"""Gradient descent on a sheet, an epoch after another: what a sheet carries over, and how it is run from outside.

Stands on `pyxl.hosts`. You may add a kind of workbook that can be run so; nothing but the cells carried over and the log
is written.
"""
