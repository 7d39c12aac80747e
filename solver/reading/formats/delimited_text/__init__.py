"""Ratings as delimited text: CSV, TSV and other separators, in any encoding and of any size.

Stands on the port in `solver.reading.looked_at`. You may widen what is recognised; a value must be read the same whether the file is
small or large.
"""
