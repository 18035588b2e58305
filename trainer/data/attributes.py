"""Attributes of users and films as tables by id."""

import re
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from trainer.data.features import (
    MOVIE_GENRES,
    MOVIE_TITLE,
    USER_AGE,
    USER_GENDER,
    USER_OCCUPATION,
    USER_ZIP_CODE,
)
from trainer.data.lookups import string_lookup
from trainer.data.vocabularies import Vocabularies

# MovieLens 1M's age groups. Its files hold a group's lower end, which falls into the group like an exact age.
AGE_GROUPS = ("under 18", "18-24", "25-34", "35-44", "45-49", "50-55", "56 and over")
AGE_BOUNDARIES = (18, 25, 35, 45, 50, 56)
ZIP_DIGITS = 10

ATTRIBUTE_FEATURES = (
    MOVIE_TITLE,
    MOVIE_GENRES,
    USER_AGE,
    USER_GENDER,
    USER_OCCUPATION,
    USER_ZIP_CODE,
)


class Attributes:
    """Attribute tables that are filled from batches of ratings; row 0, and an entry of 0, mean unknown.

    Attributes:
        age, gender, occupation, zip: int32 [users + 1].
        genres: bool [movies + 1, genres].
        titles: object (str) [movies + 1].
    """

    def __init__(self, vocabularies: Vocabularies):
        users, movies = len(vocabularies.user_id) + 1, len(vocabularies.movie_id) + 1
        self.age, self.gender, self.occupation, self.zip = np.zeros((4, users), np.int32)
        self.genres = np.zeros((movies, len(vocabularies.movie_genres)), bool)
        self.titles = np.full(movies, "", object)
        self._gender = string_lookup(vocabularies.user_gender)
        self._occupation = string_lookup(vocabularies.user_occupation_text)
        self._genre = string_lookup(vocabularies.movie_genres)

    def update(self, user: np.ndarray, movie: np.ndarray, raw: Mapping[str, tf.Tensor]) -> None:
        """Adds the users and films of a batch; `user`, `movie`: int32 [B]; `raw`: parsed features."""
        users, rows = _first_rows(user)
        if USER_AGE in raw:
            self.age[users] = age_group(_numpy(raw[USER_AGE])[rows])
        if USER_GENDER in raw:
            self.gender[users] = self._gender(tf.gather(raw[USER_GENDER], rows))
        if USER_OCCUPATION in raw:
            self.occupation[users] = self._occupation(tf.gather(raw[USER_OCCUPATION], rows))
        if USER_ZIP_CODE in raw:
            self.zip[users] = zip_digit(tf.gather(raw[USER_ZIP_CODE], rows))

        movies, rows = _first_rows(movie)
        if MOVIE_TITLE in raw:
            titles = tf.gather(raw[MOVIE_TITLE], rows).numpy()
            self.titles[movies] = [title.decode("utf-8", "replace") for title in titles]
        if MOVIE_GENRES in raw:
            genres = tf.gather(raw[MOVIE_GENRES], rows)
            columns = self._genre(genres.values).numpy()
            owners = np.repeat(movies, genres.row_lengths().numpy())
            self.genres[owners[columns > 0], columns[columns > 0] - 1] = True

    def years(self) -> np.ndarray:
        """Returns the year at the end of each title, int32 [movies + 1]; 0 if there is none."""
        return np.array([_year(title) for title in self.titles], np.int32)


def age_group(age: np.ndarray) -> np.ndarray:
    """Maps ages in years to 1 + the index in AGE_GROUPS, 0 for a negative age (unknown)."""
    return np.where(age < 0, 0, 1 + np.searchsorted(AGE_BOUNDARIES, age, side="right"))


def zip_digit(code: tf.Tensor) -> np.ndarray:
    """Maps US zip codes to 1 + their first digit (a region of the country), 0 if it is not a digit."""
    first = tf.strings.substr(tf.concat([code, [" "]], 0), 0, 1)[:-1] if len(code) else code
    digit = tf.strings.regex_full_match(first, "[0-9]")
    return np.where(digit, 1 + tf.strings.to_number(tf.where(digit, first, "0"), tf.int32), 0)


def _first_rows(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the known ids of a batch and the first row of each."""
    known, rows = np.unique(ids, return_index=True)
    return known[known > 0], rows[known > 0]


def _numpy(column) -> np.ndarray:
    return np.asarray(column)


def _year(title: str) -> int:
    found = re.search(r"\((\d{4})\)\s*$", title)
    return int(found[1]) if found else 0
