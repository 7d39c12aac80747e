"""Makes the embedded example: films, people and tastes of our own invention, by a fixed seed.

    python -m workbook.data.make_example        writes example_ratings.csv and example_films.csv

The planted truth is ``mean + user bias + film bias + user taste · film taste``, in three
dimensions: each has one taste at its end +1 and another at −1. Ratings are that truth plus noise,
in half steps from 0.5 to 5. Only Python's own generator is used, whose numbers are the same
everywhere.
"""

from __future__ import annotations

import csv
import math
import random
from dataclasses import dataclass
from pathlib import Path

SEED = 11
N_USERS = 60
MEAN, NOISE = 3.4, 0.35
USER_BIAS, FILM_BIAS, TASTE = 0.35, 0.35, 0.75     # standard deviations
_LOW, _HIGH, _STEP = 0.5, 5.0, 0.5

FILMS = {
    ("science fiction", (1, 0, 0)): (
        "The Last Lighthouse on Mars", "Gravity Never Sleeps", "Robots Don't Cry", "Nine Minutes to Neptune",
        "The Clockwork Colony", "Signal from Nowhere", "Orbit of Glass"),
    ("slow art film", (-1, 0, 0)): (
        "Rain on an Empty Table", "The Goat, the Fence, the Sea", "A Study of Dust", "Winter Bread",
        "Three Hours of Fog", "The Piano Tuner Waits", "Untitled Orchard"),
    ("romance", (0, 1, 0)): (
        "Letters to Lisbon", "The Baker's Second Wedding", "Kiss Me at Platform Nine", "Summer of the Blue Bicycle",
        "Dancing with the Enemy", "Two Umbrellas", "Forever, More or Less"),
    ("horror", (0, -1, 0)): (
        "The Cellar Knows", "Don't Feed the Dolls", "Whispers in the Wallpaper", "Midnight at Marrow Farm",
        "Teeth", "The Thirteenth Tenant", "Quiet Hands"),
    ("family comedy", (0, 0, 1)): (
        "My Uncle the Penguin", "Grandma Goes Electric", "The Great Pancake Heist", "School for Yetis",
        "Captain Socks", "A Moose in the House"),
    ("film noir", (0, 0, -1)): (
        "Cold Coffee, Warm Gun", "The Widow Plays Trumpet", "Smoke over Harbour Street", "Nobody Tips the Undertaker",
        "One Bullet Too Few", "The Long Umbrella"),
}


@dataclass(frozen=True)
class Truth:
    """What was planted: by item (id, title, name of the taste), and (n, 3) vectors and (n,) biases."""

    users: list[int]
    films: list[tuple[int, str, str]]
    user_taste: list[list[float]]
    film_taste: list[list[float]]
    user_bias: list[float]
    film_bias: list[float]

    def rating(self, user: int, film: int) -> float:
        """The true rating of the user and film of these indices, without noise, unrounded."""
        taste = sum(p * q for p, q in zip(self.user_taste[user], self.film_taste[film]))
        return MEAN + self.user_bias[user] + self.film_bias[film] + taste


def make(seed: int = SEED) -> tuple[Truth, list[tuple[int, int, float]]]:
    """The truth, and the ratings drawn from it as (user id, item id, rating)."""
    draw = random.Random(seed)
    named = [(title, taste, vector) for (taste, vector), titles in FILMS.items() for title in titles]
    draw.shuffle(named)
    truth = Truth(
        users=list(range(1, N_USERS + 1)),
        films=[(item, title, taste) for item, (title, taste, _) in enumerate(named, 1)],
        user_taste=[[draw.gauss(0, TASTE) for _ in range(3)] for _ in range(N_USERS)],
        film_taste=[[draw.gauss(end, 0.15) for end in vector] for *_, vector in named],
        user_bias=[draw.gauss(0, USER_BIAS) for _ in range(N_USERS)],
        film_bias=[draw.gauss(0, FILM_BIAS) for _ in named])

    popularity = _long_tail(len(named), draw)
    activity = _long_tail(N_USERS, draw)
    ratings = []
    for user, user_id in enumerate(truth.users):
        for film, (item, *_) in enumerate(truth.films):
            rated = draw.random() < 1 / (1 + math.exp(-(popularity[film] + activity[user])))
            value = round((truth.rating(user, film) + draw.gauss(0, NOISE)) / _STEP) * _STEP
            if rated:
                ratings.append((user_id, item, min(max(value, _LOW), _HIGH)))
    return truth, ratings


def _long_tail(n: int, draw: random.Random) -> list[float]:
    """Log-odds of being rated (of rating): few are rated by nearly all, most by some; shuffled."""
    odds = [2.2 - 1.4 * math.log(1 + 9 * rank / n) for rank in range(n)]
    draw.shuffle(odds)
    return odds


def write(folder: Path) -> None:
    """Write both CSV files into `folder`."""
    truth, ratings = make()
    with (folder / "example_ratings.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("user", "item", "rating"))
        rows.writerows(ratings)
    with (folder / "example_films.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("item", "title", "taste"))
        rows.writerows(truth.films)


if __name__ == "__main__":
    write(Path(__file__).parent)
