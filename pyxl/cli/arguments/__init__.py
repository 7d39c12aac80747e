"""Arguments that several commands share, and the files that their answers are written into.

Stands on `pyxl.cli.command_line`, which says what a command is; the commands stand on it. You may add a group of
arguments: a function that adds them to a parser, and one that reads what was given.
"""
