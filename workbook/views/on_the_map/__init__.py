"""What may be shown on the sheet `map` beside the items: the way that each came in the last fit, and the people.

Stands on `workbook.write` and `workbook.model_sheets.view`. You may add something else to draw there.
"""
