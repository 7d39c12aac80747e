"""Numbers only: ratings, factors, and the loop that fits them. Knows no cell."""

from .lazy import lazy

__getattr__, __all__ = lazy(__name__)
