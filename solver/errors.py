"""The one exception that a user is meant to read, and who interrupted."""


class UserError(Exception):
    """One sentence for the person at the keyboard: where, what was found, what to do.

    The command line prints it alone and ends with exit code 2; nothing has been written.
    """


def stopped_by(interrupt: KeyboardInterrupt) -> str:
    """Who stopped us, for a sentence: ``Ctrl-C``, or the signal that the interrupt names."""
    return str(interrupt) or "Ctrl-C"
