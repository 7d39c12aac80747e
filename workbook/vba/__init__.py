"""A VBA project written from its source text, without Excel: compression, compound file, project.

Section numbers are those of [MS-OVBA] (Office VBA File Format Structure) and, in `compound_file`,
of [MS-CFB] (Compound File Binary File Format).
"""
