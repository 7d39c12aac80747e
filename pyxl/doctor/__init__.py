"""`collabsheet doctor`: what works on this machine and with a workbook, what does not, and what mends it.

Nothing is believed that can be tried: a fit is fitted, a kernel compiled, an office started.
"""
