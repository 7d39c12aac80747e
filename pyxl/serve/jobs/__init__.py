"""The jobs of the service: what each kind does, where they wait, and the processes that they run in.

Stands on `pyxl.fit`, `workbook` and the limits in the folder above; it knows no HTTP. You may add a kind of job (`job_kinds`); each
names what it refuses.
"""
