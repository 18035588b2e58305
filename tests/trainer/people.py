"""Plays of people who say something of themselves: those of the north mostly play even artists."""

import numpy as np

from tests.trainer import implicit
from trainer.data.catalogue import from_columns
from trainer.data.description import Description
from trainer.data.names import Names
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies

DESCRIPTION = Description.model_validate(
    {
        "feedback": "implicit",
        "strength": "count",
        "nouns": {"user": "listener", "item": "artist"},
        "user_features": {
            "country": {"type": "category"},
            "city": {"type": "category", "limit": 3},
            "age": {"type": "number", "name": "age_in_years", "boundaries": [20, 40]},
            "mass": {"type": "number", "name": "weight", "bins": 4},
            "joined": {"type": "time", "bins": 3},
            "hobbies": {"type": "categories"},
            "about": {"type": "text"},
            "face": {"type": "vector", "length": 3},
        },
    }
)
NAMES = Names(
    user="listener_id", item="artist_id", title="artist_name", rating="interaction", time="at", words="tags"
)
CITIES = ("Oslo", "Bergen", "Rome", "Bari", "Nice")
HOBBIES = (["chess", "skiing"], ["skiing"], ["opera"], [])


def columns() -> dict[str, list]:
    """Returns the plays of `implicit`, whose users of even numbers are of the north."""
    found = implicit.columns()
    users = [int(user[1:]) for user in found["user_id"]]
    random = np.random.default_rng(5)
    face = random.normal(size=(120, 3)).round(2)
    return found | {
        "country": [("NO", "IT")[user % 2] if user % 10 else "" for user in users],
        "city": [CITIES[(user % 2) * 2 + user % 3 % 2] if user % 7 else "Nice" for user in users],
        "age_in_years": [float(15 + user % 40) if user % 11 else float("nan") for user in users],
        "weight": [50.0 + user % 37 for user in users],
        "joined": [1_600_000_000 + 86_400 * (user % 50) for user in users],
        "hobbies": [HOBBIES[(user % 2) * 2 + user % 3 % 2] for user in users],
        "about": [("I like the cold", "Sun and sea")[user % 2] for user in users],
        "face": [face[user].tolist() for user in users],
    }


def data(description: Description = DESCRIPTION) -> RatingData:
    """Returns train and eval as a training reads them."""
    train, evaluation = implicit.split(columns())
    vocabularies = Vocabularies.from_columns(train, description)
    ratings, catalogue = from_columns(train, vocabularies)
    return RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)
