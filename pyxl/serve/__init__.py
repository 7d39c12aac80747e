"""`collabsheet serve`: workbooks are uploaded, looked at and fitted by HTTP; and the page that does it in a browser.

Stands on `pyxl.fit` and `workbook`, and on the extra ``[serve]`` (Starlette, uvicorn). Every job runs in a process of its own; the
service itself opens no workbook. You may add a kind of job (`jobs.job_kinds`) or a route (`service`); each names what it refuses.
"""
