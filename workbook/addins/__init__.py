"""The add-ins: a menu for any open workbook, in LibreOffice and in Excel, made without either.

Their macros do what the buttons of a workbook of ours do: start Python and wait for nothing. The task pane needs no macros: a service does its work.
"""
