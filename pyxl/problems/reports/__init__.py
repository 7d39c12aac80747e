"""What a solved problem's user is told beside the cells themselves: Solver's Answer, Sensitivity and Limits Reports.

`report` makes plain data of it, `report_sheet` a sheet and lines of text. Stands on `pyxl.problems`; nothing is solved here.
"""
