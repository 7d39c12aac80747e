"""An attack on collabsheet that never ends the same way: seeded mutations, a strict judge, and the shrinking of what fails.

`python -m campaign --seconds 600` from tests/ runs it; `make campaign` runs the long form and writes docs/reliability.md.
A case is a kind and a number, from which everything follows: `python -m campaign --only packages 4711` runs one again.
"""
