"""Exact search: every vector is looked at."""

import keras
import numpy as np
import tensorflow as tf


class ExactIndex(keras.layers.Layer):
    """The k vectors with the greatest inner product, by one matrix product.

    Of equal scores the lower row comes first. The vectors are a variable and not a constant, so they may be
    larger than the 2 GB that a graph holds.

    Args:
        vectors: float32 [M, d], at least one.
    """

    def __init__(self, vectors: np.ndarray, **kwargs):
        super().__init__(autocast=False, dtype="float32", trainable=False, **kwargs)
        self.vectors = frozen(self, "vectors", vectors)
        self.built = True

    def call(self, queries, k):
        """Searches.

        Args:
            queries: float32 [B, d].
            k: int32 scalar, at least 1; more than M is M.

        Returns:
            (scores float32 [B, min(k, M)], rows int32 [B, min(k, M)]), best first.
        """
        scores = tf.matmul(queries, self.vectors, transpose_b=True)
        return tf.math.top_k(scores, tf.minimum(k, tf.shape(scores)[1]))


def frozen(layer: keras.layers.Layer, name: str, values: np.ndarray) -> keras.Variable:
    """A variable of the layer that holds `values` and is not trained."""
    return layer.add_weight(
        shape=values.shape,
        dtype=values.dtype.name,
        initializer=lambda shape, dtype=None: tf.convert_to_tensor(values),
        trainable=False,
        name=name,
    )
