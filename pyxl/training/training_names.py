"""What the names of a training sheet of ours end with: `adam_error`, `adam_carry` …

``error`` is the cell of the epoch's RMSE, ``log`` the rows for epoch and error, ``carry`` the table of what goes to the next
epoch, ``epochs`` how many are done, ``row`` the row in hand and ``rows`` the x of all rows;
``fault`` says why the sheet cannot go on.
"""

TRAINING_ROLES = ("error", "log", "carry", "epochs", "row", "rows", "fault")
