"""Implicit feedback with something to learn: users of two tastes, and artists of two kinds."""

import numpy as np

from trainer.data.catalogue import from_columns
from trainer.data.description import Description
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies

PLAYS = Description(feedback="implicit", strength="count")


def columns(users: int = 120, items: int = 60, seed: int = 7) -> dict[str, list]:
    """Plays of users who mostly play artists of their own kind, the first artists of each the most."""
    random = np.random.default_rng(seed)
    found = {"user_id": [], "movie_id": [], "user_rating": [], "timestamp": [], "movie_title": []}
    for user in range(users):
        weight = 1 / (3 + np.arange(items) // 2) * np.where(np.arange(items) % 2 == user % 2, 9, 1)
        for item in random.choice(items, size=12, replace=False, p=weight / weight.sum()):
            found["user_id"].append(f"u{user}")
            found["movie_id"].append(f"m{item}")
            found["movie_title"].append(f"Artist {item}")
            found["user_rating"].append(float(random.integers(1, 100)))
            found["timestamp"].append(int(random.integers(10**9)))
    return found


def split(columns: dict[str, list], share: float = 0.2, seed: int = 3) -> tuple[dict, dict]:
    """Returns train and eval."""
    held_out = np.random.default_rng(seed).random(len(columns["user_id"])) < share
    return tuple(
        {name: [values[row] for row in np.flatnonzero(mask)] for name, values in columns.items()}
        for mask in (~held_out, held_out)
    )


def data(description: Description = PLAYS) -> RatingData:
    """Returns train and eval as a training reads them."""
    train, evaluation = split(columns())
    vocabularies = Vocabularies.from_columns(train, description)
    ratings, catalogue = from_columns(train, vocabularies)
    return RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)
