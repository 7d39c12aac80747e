"""The exceptions that a user is meant to read, and interruptions."""


class UserError(Exception):
    """One sentence for the person at the keyboard: where, what was found, what to do.

    The command line prints it alone and ends with its `exit_code`; nothing has been written.
    """

    exit_code = 2


class NoSolution(UserError):
    """It is proved that a problem has no solution: its constraints contradict each other, or its objective has no end."""

    exit_code = 3


def stopped_by(interrupt: KeyboardInterrupt) -> str:
    """Who stopped us, for a sentence: ``Ctrl-C``, or the signal that the interrupt names."""
    return str(interrupt) or "Ctrl-C"
