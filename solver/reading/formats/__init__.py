"""The formats that tables are read from: a module each, and one table of them all.

Each gives a `SourceTable`, the port that stands in `looked_at`. You may add a format; one that was read must stay so.
"""
