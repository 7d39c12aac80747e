"""How each optimizer takes its steps: what `loop.descend` asks of all of them, and a module for every way."""
