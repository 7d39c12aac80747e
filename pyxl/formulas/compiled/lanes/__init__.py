"""Lanes: what a node of a formula is in every cell of a batch, and the operators that compute with them.

Stands on the torch program in the folder above. You may add an operator; it must follow Excel where a value is an error, a text or
blank.
"""
