"""The engine `libreoffice`: it finds the office, starts it and speaks to it over UNO, and shows its workbooks as xlwings' classes.

Stands on what all engines share, in the folder above. You may add a member of xlwings' classes; the contract tests in
tests/test_engines.py run over it.
"""
