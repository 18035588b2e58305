"""Exact search: every vector is scored."""

import keras
import numpy as np
import tensorflow as tf

NONE = -1  # the row that fills an answer when no vector is left; its score is -inf


class ExactIndex(keras.layers.Layer):
    """Exact top-k search by inner product, as one matrix product.

    Ties go to the lower row. The vectors are a variable and not a constant, so they may be larger than the
    2 GB that a graph holds.

    Args:
        vectors: float32 [M, d], at least one.

    Examples:
        >>> index = ExactIndex(np.array([[1, 0], [0, 1], [2, 2]], np.float32))
        >>> scores, rows = index(np.array([[4, 1]], np.float32), k=2)
        >>> scores.numpy().tolist(), rows.numpy().tolist()
        ([[10.0, 4.0]], [[2, 0]])
    """

    def __init__(self, vectors: np.ndarray, **kwargs):
        super().__init__(autocast=False, dtype="float32", trainable=False, **kwargs)
        self.vectors = frozen(self, "vectors", vectors)
        self.built = True

    def call(self, queries, k, excluded=None):
        """Returns the k best rows and their scores for each query.

        Args:
            queries: float32 [B, d].
            k: int32 scalar, at least 1; a k above the number of vectors returns all of them.
            excluded: ragged int32 [B, (n)], distinct rows that a query's answer must not contain; or None.

        Returns:
            (scores float32 [B, k'], rows int32 [B, k']), best first. k' is k, or the largest number of
            vectors that any query has left if that is less. Queries with fewer vectors left are padded with
            scores of -inf and rows of -1.
        """
        scores = self.scores(queries)
        if excluded is None:
            return tf.math.top_k(scores, tf.minimum(k, tf.shape(scores)[1]))
        return best_of(scores, k, excluded)

    def vectors_of(self, rows):
        """Returns the vectors of the given rows: int32 [...] to float32 [..., d]."""
        return tf.gather(self.vectors, rows)

    def scores(self, queries):
        """Returns the scores of all rows: float32 [B, d] to [B, M]."""
        return tf.matmul(queries, self.vectors, transpose_b=True)


def best_of(scores, k, excluded):
    """Returns the k best of scores, float32 [B, M]; arguments and result are as in `ExactIndex.call`."""
    places = tf.stack([tf.cast(excluded.value_rowids(), tf.int32), excluded.values], axis=1)
    scores = tf.tensor_scatter_nd_update(scores, places, tf.fill(tf.shape(places)[:1], -np.inf))
    best = tf.math.top_k(scores, at_most(k, tf.shape(scores)[1], excluded))
    return best.values, tf.where(best.values == -np.inf, NONE, best.indices)


def at_most(k, size, excluded):
    """Returns k, or the largest number of vectors that any query has left if that is less: int32 scalar."""
    lengths = tf.concat([tf.cast(excluded.row_lengths(), tf.int32), [size]], axis=0)  # for an empty batch
    return tf.minimum(k, size - tf.reduce_min(lengths))


def frozen(layer: keras.layers.Layer, name: str, values: np.ndarray) -> keras.Variable:
    """Returns a non-trainable variable of the layer that holds `values`."""
    return layer.add_weight(
        shape=values.shape,
        dtype=values.dtype.name,
        initializer=lambda shape, dtype=None: tf.convert_to_tensor(values),
        trainable=False,
        name=name,
    )
