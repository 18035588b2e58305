"""The ratings of a split as four numeric columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.columns import Columns
from trainer.data.examples import NO_TIME, example_batches, expand
from trainer.data.features import EVENT, MOVIE_ID, TIMESTAMP, USER_ID, USER_RATING
from trainer.data.rating_lookup import RATING_FEATURES, RatingLookup
from trainer.data.tables.raw_columns import raw_column
from trainer.data.vocabularies import Vocabularies


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings, one per row: `user`, `movie` int32 (0: not in train), `rating` float32, `timestamp` int64.

    `context` holds the columns of `trainer.data.tables.context.ContextLookup`, by name in tf.Examples, of
    words and vectors [rows, n]; of data with several types of events also `event_type`, int32, the place of
    the type in the description plus one.
    """

    user: np.ndarray
    movie: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray
    context: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.user)

    def __getitem__(self, rows) -> "Ratings":
        """Returns the rows of a mask, a slice or an array of indices."""
        context = {name: column[rows] for name, column in self.context.items()}
        return Ratings(self.user[rows], self.movie[rows], self.rating[rows], self.timestamp[rows], context)

    def features(self) -> dict[str, np.ndarray]:
        """Returns the columns under the names that models read."""
        return {
            USER_ID: self.user,
            MOVIE_ID: self.movie,
            USER_RATING: self.rating,
            TIMESTAMP: self.timestamp,
            **self.context,
        }

    @classmethod
    def joined(cls, *parts: "Ratings") -> "Ratings":
        """Concatenates the rows of several splits."""
        names = ("user", "movie", "rating", "timestamp")
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        shared = [name for name in parts[0].context if all(name in part.context for part in parts)]
        context = {name: _stacked([part.context[name] for part in parts]) for name in shared}
        return cls(**columns, context=context)

    @classmethod
    def from_files(cls, patterns: Sequence[str], vocabularies: Vocabularies) -> "Ratings":
        """Reads gzipped TFRecord files of tf.Examples, or the columns beside them, if they have any.

        Raises:
            TrainingError: there are no files, or the files hold no rating.
        """
        columns = Columns.of(patterns, vocabularies.description)
        if columns is not None:
            return cls.looked_up(columns, vocabularies)
        lookup = RatingLookup(vocabularies)
        batches = example_batches(expand(patterns), lookup.names, description=vocabularies.description)
        ratings = cls.concatenate(batches.map(lookup).as_numpy_iterator())
        if not len(ratings):
            raise TrainingError(f"No ratings in {', '.join(patterns)}.", "Check the split's fractions.")
        return ratings

    @classmethod
    def looked_up(cls, columns: Columns, vocabularies: Vocabularies) -> "Ratings":
        """Returns the ratings of ingestion's columns, by the rows of the vocabularies."""
        user, movie = columns.user.rows_of(vocabularies.user_id), columns.movie.rows_of(vocabularies.movie_id)
        events = vocabularies.description.events
        told = {EVENT: columns.event.rows_of(events.types)} if events and columns.event else {}
        return cls(user, movie, columns.rating, columns.timestamp, told)

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence], vocabularies: Vocabularies) -> "Ratings":
        """Looks up raw columns (`user_id`, `movie_id`, `user_rating`, maybe `timestamp`, `event_type`)."""
        users = [str(user) for user in columns[USER_ID]]
        raw = {
            USER_ID: tf.constant(users, tf.string),
            MOVIE_ID: tf.constant([str(movie) for movie in columns[MOVIE_ID]], tf.string),
            USER_RATING: np.asarray(columns[USER_RATING], np.float32),
            TIMESTAMP: np.asarray(columns.get(TIMESTAMP, np.full(len(users), NO_TIME)), np.int64),
        }
        if vocabularies.description.events:
            raw[EVENT] = tf.constant(list(columns.get(EVENT, [""] * len(users))), tf.string)
        described = vocabularies.description.context_features
        named = {feature.name or key: feature for key, feature in described.items()}
        raw |= {name: raw_column(named[name], columns[name]) for name in named if name in columns}
        return cls.concatenate([{k: v.numpy() for k, v in RatingLookup(vocabularies)(raw).items()}])

    @classmethod
    def concatenate(cls, batches: Iterable[Mapping[str, np.ndarray]]) -> "Ratings":
        """Concatenates batches of the columns that `RatingLookup` returns."""
        types = dict(zip(RATING_FEATURES, (np.int32, np.int32, np.float32, np.int64), strict=True))
        parts = list(batches)
        columns = {
            name: np.concatenate([np.empty(0, kind), *(part[name] for part in parts)]).astype(kind)
            for name, kind in types.items()
        }
        names = [name for name in (parts[0] if parts else ()) if name not in types]
        context = {name: _stacked([part[name] for part in parts]) for name in names}
        user, movie, rating, timestamp = (columns[name] for name in RATING_FEATURES)
        return cls(user, movie, rating, timestamp, context)


def _stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Concatenates columns; of rows of words, the shorter ones are padded with 0."""
    width = max(part.shape[1] for part in parts) if parts[0].ndim > 1 else 0
    return np.concatenate(
        [np.pad(part, ((0, 0), (0, width - part.shape[1]))) if part.ndim > 1 else part for part in parts]
    )


def pair_keys(users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Returns one int64 key for each pair of user row and item row; an item of -1 (none) has its own keys."""
    return np.asarray(users, np.int64) << 32 | (np.asarray(items, np.int64) & 0xFFFFFFFF)
