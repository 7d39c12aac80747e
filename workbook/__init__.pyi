"""The public names of `workbook`, each loaded when it is first used."""

from .builder import build as build
from .data import example as example
from .data import with_names as with_names
