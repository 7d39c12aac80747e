"""The version of collabsheet, which the package, the command line and saved models tell."""

__version__ = "0.1.0"
