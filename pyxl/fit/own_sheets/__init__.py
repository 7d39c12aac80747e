"""The sheets around the model sheets of a workbook that we built, as a fit reads and writes them: settings, ratings,
ratings held out, history, the run log, and the parameters as they were before.

Stands on `pyxl.hosts` and `pyxl.grid`. You may add what a fit keeps or reports there; a cell that a user has typed into is
never overwritten, and older workbooks must stay readable.
"""
