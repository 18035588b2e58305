"""Conversion of raw rating columns to those that models train on."""

import tensorflow as tf

from trainer.data.features import EVENT, MOVIE_ID, TIMESTAMP, USER_ID, USER_RATING
from trainer.data.lookups import string_lookup
from trainer.data.tables.context import ContextLookup
from trainer.data.vocabularies import Vocabularies

RATING_FEATURES = (USER_ID, MOVIE_ID, USER_RATING, TIMESTAMP)


class RatingLookup:
    """Conversion of raw rating columns, as `examples.parse` returns them, to those that models train on.

    `user_id` and `movie_id` become int32, `user_rating` float32, `timestamp` int64; [B] each. An event type
    becomes int32, its place in the description plus one, and context what `ContextLookup` makes of it.

    Attributes:
        names: what it reads, as named in tf.Examples.
    """

    def __init__(self, vocabularies: Vocabularies):
        self._user = string_lookup(vocabularies.user_id)
        self._movie = string_lookup(vocabularies.movie_id)
        self._context = ContextLookup(vocabularies)
        events = vocabularies.description.events
        self._event = string_lookup(events.types) if events else None
        self.names = (*RATING_FEATURES, *((EVENT,) if events else ()), *self._context.names())

    def __call__(self, raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {
            USER_ID: tf.cast(self._user(raw[USER_ID]), tf.int32),
            MOVIE_ID: tf.cast(self._movie(raw[MOVIE_ID]), tf.int32),
            USER_RATING: tf.cast(raw[USER_RATING], tf.float32),
            TIMESTAMP: tf.cast(raw[TIMESTAMP], tf.int64),
            **({EVENT: tf.cast(self._event(raw[EVENT]), tf.int32)} if self._event else {}),
            **self._context(raw),
        }
