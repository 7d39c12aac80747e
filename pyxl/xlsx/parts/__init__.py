"""The parts inside an .xlsx package: sheets, strings, styles and tables, read as XML streams and edited byte by byte.

Stands on `pyxl.grid.grid`. You may read more of a part; what is not edited must stay byte for byte.
"""
