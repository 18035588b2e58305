"""Approximate search by inverted lists: only the cells that promise most are looked at."""

import keras
import numpy as np
import tensorflow as tf

from trainer.models.index.exact import NONE, at_most, frozen
from trainer.models.index.k_means import k_means, nearest


class IvfIndex(keras.layers.Layer):
    """Inverted lists over k-means cells.

    After Jégou, Douze and Schmid, "Product quantization for nearest neighbor search" (2011), without the
    quantization: the vectors themselves are scored, so a score is exact and only a vector in a cell not
    looked at can be missed.

    A query looks at the `probes` cells whose centroids have the greatest inner product with it, and at more
    of them where those hold fewer than k vectors: a list is never shorter than an exact one.

    Args:
        vectors: float32 [M, d], at least one.
        cells: how many; 2√M by default: with more, building and ordering them takes longer than they save.
        probes: cells looked at by a query; may be set until the layer is traced.
        seed: of k-means.

    Examples:
        >>> index = IvfIndex(np.array([[4, 0], [3, 0], [0, 4], [0, 3]], np.float32), cells=2, probes=1)
        >>> scores, rows = index(np.array([[0, 1]], np.float32), k=2)  # one cell is looked at, of two vectors
        >>> scores.numpy().tolist(), rows.numpy().tolist()
        ([[4.0, 3.0]], [[2, 3]])
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
        self.places = frozen(self, "places", np.argsort(order).astype(np.int32))
        self.splits = frozen(self, "splits", splits.astype(np.int32))
        self.built = True

    def call(self, queries, k, excluded=None):
        """Searches; arguments and answer are those of `ExactIndex`, but the order of equal scores."""
        size, batch = tf.shape(self.vectors)[0], tf.shape(queries)[0]
        k = tf.minimum(k, size) if excluded is None else at_most(k, size, excluded)
        # A map over no query at all does not know how long its lists would be: it is given one.
        padding = [[0, tf.cast(batch == 0, tf.int32)]]
        each = [tf.pad(queries, [*padding, [0, 0]])]
        if excluded is not None:
            splits = tf.cast(excluded.row_splits, tf.int32)
            each += [tf.pad(splits[:-1], padding), tf.pad(splits[1:], padding)]

        def search(query):
            if excluded is None:
                return self._search(query[0], k)
            return self._search_without(query[0], k, tf.sort(excluded.values[query[1] : query[2]]))

        # A query at a time, several in parallel: the candidates of a whole batch would not fit memory.
        scores, rows = tf.map_fn(
            search,
            tuple(each),
            fn_output_signature=(tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.int32)),
        )
        return scores[:batch], rows[:batch]

    def vectors_of(self, rows):
        """The vectors themselves: int32 [...] to float32 [..., d]."""
        return tf.gather(self.vectors, tf.gather(self.places, rows))

    def cell_order(self, queries: np.ndarray) -> np.ndarray:
        """Every cell in the order in which each query would look at it: int32 [B, cells]."""
        scores = tf.matmul(queries, self.centroids, transpose_b=True)
        return tf.math.top_k(scores, self.cells).indices.numpy()

    def _search_without(self, query, k, excluded):
        """`excluded` must rise. So many more are found as may have to go."""
        found = tf.minimum(k + tf.size(excluded), tf.shape(self.vectors)[0])
        scores, rows = self._search(query, found)
        # One beyond the last that is higher than any row: a place to look at for every row.
        excluded = tf.concat([excluded, [tf.int32.max]], axis=0)
        out = tf.gather(excluded, tf.searchsorted(excluded, rows)) == rows
        best = tf.math.top_k(tf.where(out, -np.inf, scores), k)  # in the order they were in
        return best.values, tf.where(best.values == -np.inf, NONE, tf.gather(rows, best.indices))

    def _search(self, query, k):
        cells = tf.math.top_k(tf.linalg.matvec(self.centroids, query), self.cells).indices
        starts, ends = tf.gather(self.splits, cells), tf.gather(self.splits, cells + 1)
        enough = tf.searchsorted(tf.cumsum(ends - starts), k[None])[0] + 1
        probes = tf.maximum(self.probes, enough)
        places = tf.ragged.range(starts[:probes], ends[:probes]).flat_values
        scores = tf.linalg.matvec(tf.gather(self.vectors, places), query)
        best = tf.math.top_k(scores, k)
        return best.values, tf.gather(self.rows, tf.gather(places, best.indices))
