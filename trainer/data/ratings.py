"""The ratings of a split as four numeric columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.examples import NO_TIME, example_batches, expand
from trainer.data.features import MOVIE_ID, TIMESTAMP, USER_ID, USER_RATING
from trainer.data.lookups import RATING_FEATURES, RatingLookup
from trainer.data.vocabularies import Vocabularies


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings, one per row: `user`, `movie` int32 (0: not in train), `rating` float32, `timestamp` int64."""

    user: np.ndarray
    movie: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray

    def __len__(self) -> int:
        return len(self.user)

    def __getitem__(self, rows) -> "Ratings":
        """Returns the rows of a mask, a slice or an array of indices."""
        return Ratings(self.user[rows], self.movie[rows], self.rating[rows], self.timestamp[rows])

    def features(self) -> dict[str, np.ndarray]:
        """Returns the columns under the names that models read."""
        return {USER_ID: self.user, MOVIE_ID: self.movie, USER_RATING: self.rating, TIMESTAMP: self.timestamp}

    @classmethod
    def joined(cls, *parts: "Ratings") -> "Ratings":
        """Concatenates the rows of several splits."""
        names = ("user", "movie", "rating", "timestamp")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @classmethod
    def from_files(cls, patterns: Sequence[str], vocabularies: Vocabularies) -> "Ratings":
        """Reads gzipped TFRecord files of tf.Examples.

        Raises:
            TrainingError: there are no files, or the files hold no rating.
        """
        lookup = RatingLookup(vocabularies)
        batches = example_batches(expand(patterns), RATING_FEATURES).map(lookup)
        ratings = cls.concatenate(batches.as_numpy_iterator())
        if not len(ratings):
            raise TrainingError(f"No ratings in {', '.join(patterns)}.", "Check the split's fractions.")
        return ratings

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence], vocabularies: Vocabularies) -> "Ratings":
        """Looks up raw columns (`user_id`, `movie_id`, `user_rating`, maybe `timestamp`)."""
        users = [str(user) for user in columns[USER_ID]]
        raw = {
            USER_ID: tf.constant(users, tf.string),
            MOVIE_ID: tf.constant([str(movie) for movie in columns[MOVIE_ID]], tf.string),
            USER_RATING: np.asarray(columns[USER_RATING], np.float32),
            TIMESTAMP: np.asarray(columns.get(TIMESTAMP, np.full(len(users), NO_TIME)), np.int64),
        }
        return cls.concatenate([{k: v.numpy() for k, v in RatingLookup(vocabularies)(raw).items()}])

    @classmethod
    def concatenate(cls, batches: Iterable[Mapping[str, np.ndarray]]) -> "Ratings":
        """Concatenates batches of the columns that `RatingLookup` returns."""
        kept = [[batch[name] for name in RATING_FEATURES] for batch in batches]
        types = (np.int32, np.int32, np.float32, np.int64)
        columns = zip(*kept, strict=True) if kept else ((),) * len(types)
        return cls(
            *(
                np.concatenate([np.empty(0, t), *column]).astype(t)
                for t, column in zip(types, columns, strict=True)
            )
        )


def pair_keys(users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Returns one int64 key for each pair of user row and item row; an item of -1 (none) has its own keys."""
    return np.asarray(users, np.int64) << 32 | (np.asarray(items, np.int64) & 0xFFFFFFFF)
