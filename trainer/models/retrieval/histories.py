"""What people have watched, as models take it that know a user by nothing else: films in order, each once."""

import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Ragged


class Histories:
    """Every user's.

    Args:
        watched: a user's films, in time order.
        latest: at most this many of them, the latest; None: all.
    """

    def __init__(self, watched: Ragged, latest: int | None = None):
        table = once(watched)
        films = tf.RaggedTensor.from_row_splits(
            tf.constant(table.values, tf.int32), tf.constant(table.splits, tf.int64), validate=False
        )
        self.everyones = films if latest is None else films[:, -latest:]
        self._latest = latest

    def of(self, users):
        """int32 [B] to ragged int32 [B, (n)]; the unknown user's is empty."""
        return tf.gather(self.everyones, users)

    def brought(self, movies):
        """The same of histories that a request brings: without unknown films (0) and repetition.

        Args:
            movies: ragged int32 [B, (n)].
        """
        owners, films = tf.cast(movies.value_rowids(), tf.int64), tf.cast(movies.values, tf.int64)
        size = 1 + tf.reduce_max(tf.concat([films, [0]], axis=0))
        keys = tf.unique(owners * size + films).y  # keeps the order
        keys = tf.boolean_mask(keys, keys % size > 0)
        films = tf.RaggedTensor.from_value_rowids(
            tf.cast(keys % size, tf.int32), keys // size, tf.cast(movies.nrows(), tf.int64), validate=False
        )
        return films if self._latest is None else films[:, -self._latest :]


def multi_hot(histories, movies: int):
    """Ragged int32 [B, (n)], each film once, to float32 [B, movies]: 1 for what was watched."""
    places = tf.stack([tf.cast(histories.value_rowids(), tf.int32), histories.values], axis=1)
    return tf.scatter_nd(
        places, tf.ones(tf.shape(places)[:1]), [tf.cast(histories.nrows(), tf.int32), movies]
    )


def once(table: Ragged) -> Ragged:
    """The table with each member of a row once, where it came first."""
    owners = np.repeat(np.arange(len(table)), table.lengths)
    size = int(table.values.max(initial=0)) + 1
    first = np.sort(np.unique(owners * size + table.values, return_index=True)[1])
    splits = np.searchsorted(owners[first], np.arange(len(table) + 1))
    return Ragged(table.values[first], splits.astype(np.int64))
