"""Users' histories for models without user embeddings: the watched films in time order, each once."""

import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Ragged


class Histories:
    """The histories of train's users, and the preprocessing of histories in requests.

    Args:
        watched: the films of each user, in time order.
        latest: the largest number of films per user, the latest ones; None: all.

    Attributes:
        everyones: the films of each user, ragged int32 [users, (n)].
        weights: their weights in the same places, ragged float32; None: all films weigh the same.
    """

    def __init__(self, watched: Ragged, latest: int | None = None):
        table = once(watched)
        films = tf.RaggedTensor.from_row_splits(
            tf.constant(table.values, tf.int32), tf.constant(table.splits, tf.int64), validate=False
        )
        self.everyones = films if latest is None else films[:, -latest:]
        self.weights = None
        if table.weights is not None:
            weights = films.with_values(tf.constant(table.weights, tf.float32))
            self.weights = weights if latest is None else weights[:, -latest:]
        self._latest = latest

    def of(self, users):
        """Returns the users' histories: int32 [B] to ragged int32 [B, (n)]; an unknown user's is empty."""
        return tf.gather(self.everyones, users)

    def weights_of(self, users):
        """Returns the weights of the films in `of(users)`: ragged float32 [B, (n)]; None if all are alike."""
        return None if self.weights is None else tf.gather(self.weights, users)

    def brought(self, movies):
        """Returns the histories of a request without unknown (0) and repeated films.

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
        return self.latest(films)

    def latest(self, rows):
        """Returns the entries of the latest films: ragged [B, (n)] to the same, as short as histories are."""
        return rows if self._latest is None else rows[:, -self._latest :]


def multi_hot(histories, movies: int, weights=None):
    """Encodes histories as 0 and 1, or as weights.

    Args:
        histories: ragged int32 [B, (n)], each film once.
        movies: the number of films, the OOV row included.
        weights: ragged float32 [B, (n)], what stands in place of the ones; None: ones.

    Returns:
        float32 [B, movies].
    """
    places = tf.stack([tf.cast(histories.value_rowids(), tf.int32), histories.values], axis=1)
    ones = tf.ones(tf.shape(places)[:1]) if weights is None else weights.values
    return tf.scatter_nd(places, ones, [tf.cast(histories.nrows(), tf.int32), movies])


def once(table: Ragged) -> Ragged:
    """Removes repeated members of each row; the first occurrence stays."""
    owners = np.repeat(np.arange(len(table)), table.lengths)
    size = int(table.values.max(initial=0)) + 1
    first = np.sort(np.unique(owners * size + table.values, return_index=True)[1])
    splits = np.searchsorted(owners[first], np.arange(len(table) + 1))
    weights = None if table.weights is None else table.weights[first]
    return Ragged(table.values[first], splits.astype(np.int64), weights)
