"""Approximate search by inverted lists: only the cells that promise most are looked at."""

import keras
import numpy as np
import tensorflow as tf

from trainer.index.exact import frozen
from trainer.index.k_means import k_means, nearest


class IvfIndex(keras.layers.Layer):
    """Inverted lists over k-means cells, after Jégou, Douze and Schmid, "Product quantization for nearest
    neighbor search" (2011), without the quantization: the vectors themselves are scored, so a score is
    exact and only a vector in a cell not looked at can be missed.

    A query looks at the `probes` cells whose centroids have the greatest inner product with it, and at more
    of them where those hold fewer than k vectors: a list is never shorter than an exact one.

    Args:
        vectors: float32 [M, d], at least one.
        cells: how many; 2√M by default: with more, building and ordering them takes longer than they save.
        probes: cells looked at by a query; may be set until the layer is traced.
        seed: of k-means.
    """

    def __init__(
        self, vectors: np.ndarray, cells: int | None = None, probes: int = 1, seed: int = 0, **kwargs
    ):
        super().__init__(autocast=False, dtype="float32", trainable=False, **kwargs)
        self.cells = min(cells or round(2 * len(vectors) ** 0.5), len(vectors))
        self.probes = probes
        centroids = k_means(vectors, self.cells, seed)
        cell = nearest(vectors, centroids)
        order = np.argsort(cell, kind="stable").astype(np.int32)
        splits = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=self.cells))])
        self.centroids = frozen(self, "centroids", centroids)
        self.vectors = frozen(self, "vectors", vectors[order])  # a cell's vectors lie together
        self.rows = frozen(self, "rows", order)
        self.splits = frozen(self, "splits", splits.astype(np.int32))
        self.built = True

    def call(self, queries, k):
        """Searches; arguments and answer are those of `ExactIndex`, but the order of equal scores."""
        k, batch = tf.minimum(k, tf.shape(self.vectors)[0]), tf.shape(queries)[0]
        # A map over no query at all does not know how long its lists would be: it is given one.
        some = tf.pad(queries, [[0, tf.cast(batch == 0, tf.int32)], [0, 0]])
        # A query at a time, several in parallel: the candidates of a whole batch would not fit memory.
        scores, rows = tf.map_fn(
            lambda query: self._search(query, k),
            some,
            fn_output_signature=(tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.int32)),
        )
        return scores[:batch], rows[:batch]

    def cell_order(self, queries: np.ndarray) -> np.ndarray:
        """Every cell in the order in which each query would look at it: int32 [B, cells]."""
        scores = tf.matmul(queries, self.centroids, transpose_b=True)
        return tf.math.top_k(scores, self.cells).indices.numpy()

    def _search(self, query, k):
        cells = tf.math.top_k(tf.linalg.matvec(self.centroids, query), self.cells).indices
        starts, ends = tf.gather(self.splits, cells), tf.gather(self.splits, cells + 1)
        enough = tf.searchsorted(tf.cumsum(ends - starts), k[None])[0] + 1
        probes = tf.maximum(self.probes, enough)
        places = tf.ragged.range(starts[:probes], ends[:probes]).flat_values
        scores = tf.linalg.matvec(tf.gather(self.vectors, places), query)
        best = tf.math.top_k(scores, k)
        return best.values, tf.gather(self.rows, tf.gather(places, best.indices))
