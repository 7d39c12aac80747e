"""A fit in a workbook that is open: progress on the sheet, Stop, Restore and Refresh.

Stands on `pyxl.fit` and `pyxl.engines`. You may change what is shown while a fit runs; nothing is saved but
by the user.
"""
