"""An attack on collabsheet that never ends the same way: seeded mutations, a strict judge, and the shrinking of what fails.

`make campaign` runs it and writes docs/reliability.md. A case is a kind and a number, from which everything follows; in tests/,
with PYTHONPATH=.:helpers:.., `python -m campaign --only packages 4711` runs one again.
"""
