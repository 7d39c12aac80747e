"""The commands on tables of ratings and on trained models: look, train, recommend, predict and their kin.

Stands on `pyxl.cli.arguments` and on `solver`. You may add a command here: a module with a `Command`, and its line in
`pyxl.__main__`.
"""
