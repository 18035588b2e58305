"""Standardized dense features of a user, a film and the time of the request."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.examples import NO_TIME
from trainer.data.feature_options import ACTIVITY, POPULARITY, TIME
from trainer.data.features import MOVIE_ID, TIMESTAMP, USER_ID
from trainer.data.tables.table import OneOf

TAILS = (0.01, 0.99)  # quantiles beyond which a number without bins of its own counts as the quantile


class Numbers(keras.layers.Layer):
    """Dense features with mean 0 and variance 1 over train's users or films, and 0 for unknown ones.

    Time is scaled so that train's time range is -1 to 1; a request without a time gets the latest one.

    Args:
        catalogue: gives the features' values.
        features: the keys of numbers and times, `activity`, `popularity` and `time`; those that the data set
            lacks, or that are constant, are left out.

    Attributes:
        features: the remaining features, in the order of the columns.
    """

    def __init__(self, catalogue: Catalogue, features: Sequence[str], **kwargs):
        super().__init__(**kwargs)
        self._first, self._last = catalogue.first_time, catalogue.last_time
        self._context = {
            key: catalogue.context[key]
            for key in features
            if key in catalogue.context and catalogue.context[key].known
        }
        tables = [each for each in features if each != TIME and each not in catalogue.context]
        columns = {each: _column(catalogue, each) for each in tables}
        columns = {each: column for each, column in columns.items() if column.any()}
        users = {ACTIVITY, *catalogue.description.user_features}
        of_user = [each for each in columns if each in users]
        of_movie = [each for each in columns if each not in users]
        timed = TIME in features and self._last > self._first
        self.features = (*of_user, *of_movie, *self._context, *([TIME] if timed else []))
        self._of_user = _table([columns[each] for each in of_user])
        self._of_movie = _table([columns[each] for each in of_movie])
        self.built = True

    def call(self, features):
        """Returns float32 [B, features] for `user_id`, `movie_id` and maybe `timestamp`, [B] each."""
        parts = []
        if self._of_user is not None:
            parts.append(tf.gather(self._of_user, features[USER_ID]))
        if self._of_movie is not None:
            parts.append(tf.gather(self._of_movie, features[MOVIE_ID]))
        for table in self._context.values():
            parts.append(table.standardized(features, features[USER_ID])[:, None])
        if TIME in self.features:
            parts.append(self._when(features)[:, None])
        return tf.concat(parts, axis=1) if parts else tf.zeros([tf.shape(features[USER_ID])[0], 0])

    def _when(self, features):
        first, last = self._first, self._last
        time = features.get(TIMESTAMP, tf.fill(tf.shape(features[USER_ID]), tf.constant(NO_TIME, tf.int64)))
        time = tf.clip_by_value(tf.where(time == NO_TIME, tf.constant(last, tf.int64), time), first, last)
        return 2.0 * tf.cast(time - first, tf.float32) / (last - first) - 1.0


def _column(catalogue: Catalogue, feature: str) -> np.ndarray:
    """Returns a feature by user or film, float32 [users] or [movies]; all 0 if it is constant."""
    if feature == ACTIVITY:
        raw = np.log1p(catalogue.watched.lengths)
        known = raw > 0
    elif feature == POPULARITY:
        raw = np.log1p(catalogue.watchers.lengths)
        known = raw > 0
    else:
        raw, known = _number(catalogue, feature)
    spread = raw[known].std() if known.any() else 0
    if not spread:
        return np.zeros(len(raw), np.float32)
    return np.where(known, (raw - raw[known].mean()) / spread, 0).astype(np.float32)


def _number(catalogue: Catalogue, key: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns a number by user or film, and where it is known.

    A number with declared boundaries counts by its bin; one without boundaries or bin width is clipped at
    its TAILS, because a few prices or dates far off would leave all others the same.
    """
    feature = catalogue.description.features()[key][1]
    raw = catalogue.attributes.numbers(key)
    known = np.isfinite(raw)
    if getattr(feature, "boundaries", None) is not None:
        table = catalogue.table(key)
        assert isinstance(table, OneOf)
        return table.ids, known
    if getattr(feature, "bin_width", None) is None and known.any():
        raw = np.clip(raw, *np.quantile(raw[known], TAILS))
    return np.where(known, raw, 0.0), known


def _table(columns: list[np.ndarray]) -> tf.Tensor | None:
    return tf.constant(np.stack(columns, axis=1), tf.float32) if columns else None
