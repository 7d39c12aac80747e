"""Names for the people of the embedded example, whose ratings are by numbers: what the demo calls them.

They stand in the order of their numbers and in that of the alphabet, so that of equals the same one comes first.
"""

from __future__ import annotations

from dataclasses import replace

from solver import Ratings

PEOPLE = (
    "Ada", "Alan", "Amina", "Anton", "Aoife", "Bela", "Ben", "Carla", "Chen", "Clara", "Dana", "David", "Dilan", "Edith", "Elif",
    "Emil", "Esra", "Farid", "Felix", "Freya", "Gita", "Hana", "Hugo", "Ines", "Ivo", "Jana", "Jonas", "Juan", "Kofi", "Lars",
    "Leila", "Lin", "Luca", "Maja", "Marco", "Mei", "Mila", "Nadia", "Nils", "Nora", "Olga", "Omar", "Oskar", "Paul", "Pia",
    "Ravi", "Rosa", "Sami", "Selma", "Sven", "Tara", "Theo", "Tomas", "Uma", "Vera", "Viktor", "Wanda", "Yara", "Yusuf", "Zoe")


def with_names(ratings: Ratings) -> Ratings:
    """The example's ratings, or a part of them, by people with names instead of numbers."""
    return replace(ratings, users=tuple(PEOPLE[int(str(number)) - 1] for number in ratings.users))
