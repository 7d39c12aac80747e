"""The one exception that a user is meant to read."""


class UserError(Exception):
    """One sentence for the person at the keyboard: where, what was found, what to do.

    The command line prints it alone and ends with exit code 2; nothing has been written.
    """
