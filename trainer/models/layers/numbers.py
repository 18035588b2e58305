"""Standardized dense features of a user, a film and the time of the request."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.examples import NO_TIME
from trainer.data.feature_options import ACTIVITY, POPULARITY, TIME
from trainer.data.features import MOVIE_ID, TIMESTAMP, USER_ID
from trainer.data.tables.bins import edges
from trainer.data.tables.given import standardized, users_names

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
        self._given = users_names(catalogue.description, features)
        columns = {each: column for each, column in columns.items() if column.any()}
        users = {ACTIVITY, *catalogue.description.user_features}
        of_user = [each for each in columns if each in users]
        of_movie = [each for each in columns if each not in users]
        timed = TIME in features and self._last > self._first
        self.features = (*of_user, *of_movie, *self._context, *([TIME] if timed else []))
        self._users = tuple(of_user)
        self._of_user = _table([columns[each] for each in of_user])
        self._of_movie = _table([columns[each] for each in of_movie])
        self.built = True

    def call(self, features):
        """Returns float32 [B, features] for `user_id`, `movie_id` and maybe `timestamp`, [B] each."""
        parts = []
        if self._of_user is not None:
            parts.append(self._numbers_of_users(features))
        if self._of_movie is not None:
            parts.append(tf.gather(self._of_movie, features[MOVIE_ID]))
        for table in self._context.values():
            parts.append(table.standardized(features, features[USER_ID])[:, None])
        if TIME in self.features:
            parts.append(self._when(features)[:, None])
        return tf.concat(parts, axis=1) if parts else tf.zeros([tf.shape(features[USER_ID])[0], 0])

    def _numbers_of_users(self, features):
        """Returns the users' columns; those that `features` hold (`trainer.data.tables.given`) are taken."""
        of_rows = tf.gather(self._of_user, features[USER_ID])
        names = [standardized(self._given[key]) if key in self._given else None for key in self._users]
        if not any(name in features for name in names):
            return of_rows
        columns = [
            tf.cast(features[name], tf.float32) if name in features else of_rows[:, place]
            for place, name in enumerate(names)
        ]
        return tf.stack(columns, axis=1)

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
        return Scale.of(catalogue, feature)(catalogue.attributes.numbers(feature))
    return Scale.fitted(raw, known)(np.where(known, raw, np.nan))


@dataclass(frozen=True, eq=False)
class Scale:
    """The scaling of a number to mean 0 and variance 1 over train's users or films.

    A number with declared boundaries counts by its bin; one without boundaries or bin width is clipped at
    its TAILS, because a few prices or dates far off would leave all others the same.

    Attributes:
        mean, spread: of what is scaled; a spread of 0: it is constant, and counts as 0.
        boundaries: of the bins, whose numbers are scaled; None: the number itself is.
        low, high: the least and the largest number that count as they are.
    """

    mean: float
    spread: float
    boundaries: np.ndarray | None = None
    low: float = -np.inf
    high: float = np.inf

    @classmethod
    def of(cls, catalogue: Catalogue, key: str) -> "Scale":
        """Returns the scale of a number or time of users or items."""
        feature, raw = catalogue.description.features()[key][1], catalogue.attributes.numbers(key)
        known = np.isfinite(raw)
        if getattr(feature, "boundaries", None) is not None:
            boundaries = edges(feature, raw)
            return cls.fitted(1 + np.searchsorted(boundaries, raw, side="right"), known, boundaries)
        if getattr(feature, "bin_width", None) is None and known.any():
            low, high = np.quantile(raw[known], TAILS)
            return cls.fitted(np.clip(raw, low, high), known, low=float(low), high=float(high))
        return cls.fitted(raw, known)

    @classmethod
    def fitted(cls, raw: np.ndarray, known: np.ndarray, boundaries=None, low=-np.inf, high=np.inf) -> "Scale":
        """Returns the scale of the known numbers."""
        spread = float(raw[known].std()) if known.any() else 0.0
        return cls(float(raw[known].mean()) if spread else 0.0, spread, boundaries, low, high)

    def __call__(self, raw: np.ndarray) -> np.ndarray:
        """Scales numbers, float64 [B], NaN for unknown, to float32 [B], 0 for unknown."""
        known = np.isfinite(raw)
        if not self.spread:
            return np.zeros(len(raw), np.float32)
        counted = np.clip(raw, self.low, self.high)
        if self.boundaries is not None:
            counted = 1 + np.searchsorted(self.boundaries, raw, side="right")
        return np.where(known, (counted - self.mean) / self.spread, 0).astype(np.float32)

    def tensor(self, raw):
        """Scales numbers inside a graph: float64 [B] to float32 [B]."""
        if not self.spread:
            return tf.zeros_like(raw, tf.float32)
        counted = tf.clip_by_value(raw, tf.cast(self.low, raw.dtype), tf.cast(self.high, raw.dtype))
        if self.boundaries is not None:
            places = 1 + tf.searchsorted(tf.constant(self.boundaries, raw.dtype), raw, side="right")
            counted = tf.cast(places, raw.dtype)
        scaled = tf.cast((counted - self.mean) / self.spread, tf.float32)
        return tf.where(tf.math.is_nan(raw), 0.0, scaled)


def _table(columns: list[np.ndarray]) -> tf.Tensor | None:
    return tf.constant(np.stack(columns, axis=1), tf.float32) if columns else None
