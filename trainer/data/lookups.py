"""Lookup of strings as integer ids of a vocabulary, inside a TensorFlow graph."""

from collections.abc import Iterable

import keras
import tensorflow as tf

from trainer.data.features import MOVIE_ID, TIMESTAMP, USER_ID, USER_RATING
from trainer.data.vocabularies import Vocabularies

RATING_FEATURES = (USER_ID, MOVIE_ID, USER_RATING, TIMESTAMP)


def string_lookup(vocabulary: Iterable[str]) -> keras.layers.StringLookup:
    """Returns a lookup, string [...] to int32 [...]: the index in the vocabulary plus one, 0 if absent."""
    # StringLookup refuses an empty vocabulary; a record separator is a value that no data set holds.
    # (Not a NUL: NumPy drops it at a string's end, so "" would be in the vocabulary.)
    lookup = keras.layers.StringLookup(vocabulary=list(vocabulary) or ["\x1e"])
    lookup.build(())  # an export tracks built layers only; otherwise it would need a call first
    return lookup


class RatingLookup:
    """Conversion of raw rating columns, as `examples.parse` returns them, to those that models train on.

    `user_id` and `movie_id` become int32, `user_rating` float32, `timestamp` int64; [B] each.
    """

    def __init__(self, vocabularies: Vocabularies):
        self._user = string_lookup(vocabularies.user_id)
        self._movie = string_lookup(vocabularies.movie_id)

    def __call__(self, raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {
            USER_ID: tf.cast(self._user(raw[USER_ID]), tf.int32),
            MOVIE_ID: tf.cast(self._movie(raw[MOVIE_ID]), tf.int32),
            USER_RATING: tf.cast(raw[USER_RATING], tf.float32),
            TIMESTAMP: tf.cast(raw[TIMESTAMP], tf.int64),
        }
