"""`fit`: ratings, start values and settings in, the best factors found out; also efforts and the learning-rate finder.

Stands on `solver.methods`. You may tune an effort where a benchmark shows it pays; a fit must never end worse
than it started.
"""
