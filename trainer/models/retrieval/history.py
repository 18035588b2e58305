"""Pooling of a user's watched films to one vector: the sum of their rows / √(their number), or their mean."""

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Ragged
from trainer.models.layers.implicit_sets import AT_ONCE
from trainer.models.layers.pooled import divisor


class WatchedHistory(keras.layers.Layer):
    """Pools a table's rows over each user's films, as in SVD++ (Koren, 2008).

    In training a row's target is left out of its own history: otherwise the model would learn to copy it. A
    share of every history is dropped, the same films for all of a user's rows in a step.

    Args:
        watched: the films of each user, in time order.
        movies: the number of films, the OOV row included.
        limit: the largest number of films per user, the latest ones; repeated films count once.
        dropout: the share of films that is dropped.
        mean: whether the sum is divided by the number of films instead of its square root.
        at_once: the number of films, over all users, up to which a step computes all users' sums (1,500,000).

    Attributes:
        at_once: whether a step computes all users' sums; otherwise XLA cannot compile the layer.
    """

    def __init__(
        self,
        watched: Ragged,
        movies: int,
        limit: int,
        dropout: float,
        mean: bool = False,
        at_once: int | None = None,
        **kwargs,
    ):
        super().__init__(dtype="float32", **kwargs)
        latest = watched.latest(limit)
        keys = np.unique(latest.owners * movies + latest.values)
        owners, members = keys // movies, keys % movies
        splits = np.searchsorted(owners, np.arange(len(watched) + 1))
        self._keys = tf.constant(keys, tf.int64)
        self._owners, self._members = tf.constant(owners, tf.int32), tf.constant(members, tf.int32)
        self._splits = tf.constant(splits, tf.int64)
        self._lengths = tf.constant(np.diff(splits), tf.float32)
        self._movies, self._users, self._dropout, self._mean = movies, len(watched), dropout, mean
        self.at_once = len(keys) <= (AT_ONCE if at_once is None else at_once)
        self._seeds = keras.random.SeedGenerator()
        self.built = True

    def call(self, table, users, targets=None, training=False):
        """Returns the pooled histories, float32 [B, d].

        Args:
            table: float32 [movies, d].
            users: int32 [B].
            targets: int32 [B], the film to leave out of each row's history, or None.
            training: whether films are dropped.
        """
        seed = self._seeds.next() if training and self._dropout else None
        table = tf.convert_to_tensor(table)
        sums = self._everyones(table, users, seed) if self.at_once else self._of(table, users, seed)
        counts = tf.gather(self._lengths, users)
        if targets is not None:
            held = self._holds(users, targets)
            sums -= (held * self._kept(users, targets, seed))[:, None] * tf.gather(table, targets)
            counts -= held
        return sums / divisor(counts, self._mean)

    def _everyones(self, table, users, seed):
        rows = tf.gather(table, self._members)
        if seed is not None:
            rows *= self._kept(self._owners, self._members, seed)[:, None]
        return tf.gather(tf.math.unsorted_segment_sum(rows, self._owners, self._users), users)

    def _of(self, table, users, seed):
        distinct, place = tf.unique(users)
        ragged = tf.RaggedTensor.from_row_splits(self._members, self._splits, validate=False)
        films = tf.gather(ragged, distinct)
        owners = films.value_rowids()
        rows = tf.gather(table, films.values)
        rows *= self._kept(tf.gather(distinct, owners), films.values, seed)[:, None]
        return tf.gather(tf.math.unsorted_segment_sum(rows, owners, tf.shape(distinct)[0]), place)

    def _holds(self, users, movies):
        """Returns 1 where the film is in the user's history, else 0: float32 [B]."""
        keys = tf.cast(users, tf.int64) * self._movies + tf.cast(movies, tf.int64)
        place = tf.minimum(tf.searchsorted(self._keys, keys), tf.size(self._keys) - 1)
        return tf.cast(tf.gather(self._keys, place) == keys, tf.float32)

    def _kept(self, users, movies, seed):
        """Returns 1 / (1 - dropout) where the film is kept, 0 where it is dropped.

        A hash of user, film and seed decides. So the sums and the targets that are subtracted from them
        agree without any state.
        """
        if seed is None:
            return tf.ones(tf.shape(users))
        seed = tf.cast(seed, tf.uint32)
        mixed = tf.cast(users, tf.uint32) * 0x9E3779B1 + tf.cast(movies, tf.uint32) * 0x85EBCA77 + seed[0]
        for factor in (0x7FEB352D, 0x846CA68B):
            mixed = tf.bitwise.bitwise_xor(mixed, tf.bitwise.right_shift(mixed, tf.constant(16, tf.uint32)))
            mixed = mixed * tf.constant(factor, tf.uint32) + seed[1]
        chance = tf.cast(tf.bitwise.right_shift(mixed, tf.constant(8, tf.uint32)), tf.float32) / (1 << 24)
        return tf.cast(chance >= self._dropout, tf.float32) / (1 - self._dropout)
