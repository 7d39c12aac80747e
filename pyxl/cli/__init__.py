"""Every command of `collabsheet`: its arguments, what it does, and what it tells.

Stands above all three packages. `command_line` runs the commands, whose rooms are `models` (ratings and trained models) and
`sheets` (workbooks); what several commands take or write is in `arguments`. You may add a command: a module with a
`Command` in one of the two rooms, and its line in `pyxl.__main__`.
"""
