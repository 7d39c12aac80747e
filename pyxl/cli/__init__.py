"""Every command of `collabsheet`: its arguments, what it does, and what it tells.

Stands above all three packages. You may add a command: a module with a `Command`, and its line in
`pyxl.__main__`.
"""
