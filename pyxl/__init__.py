"""Cells ⇄ solver: reads a workbook, finds the model in it, fits it, writes the parameters back."""
