"""Approximate search by inverted lists: only the most promising cells are searched."""

import keras
import numpy as np
import tensorflow as tf

from trainer.models.index.exact import NONE, at_most, frozen
from trainer.models.index.k_means import k_means, nearest


class IvfIndex(keras.layers.Layer):
    """Approximate top-k search by inverted lists over k-means cells.

    After Jégou, Douze and Schmid, "Product quantization for nearest neighbor search" (2011), without the
    quantization: the vectors themselves are scored, so scores are exact, and only vectors in cells that are
    not searched can be missed.

    A query searches the `probes` cells whose centroids have the greatest inner product with it, and more
    cells where those hold fewer than k vectors: a list is never shorter than that of exact search.

    Args:
        vectors: float32 [M, d], at least one.
        cells: the number of cells; 2√M by default: with more, building and ordering them costs more time
            than they save.
        probes: the number of cells that a query searches; may be changed until the layer is traced.
        seed: the seed of k-means.

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
        """Takes and returns the same as `ExactIndex.call`; the order of equal scores may differ."""
        size, batch = tf.shape(self.vectors)[0], tf.shape(queries)[0]
        k = tf.minimum(k, size) if excluded is None else at_most(k, size, excluded)
        # map_fn over an empty batch cannot infer the length of its lists: pad it to one query.
        padding = [[0, tf.cast(batch == 0, tf.int32)]]
        each = [tf.pad(queries, [*padding, [0, 0]])]
        if excluded is not None:
            splits = tf.cast(excluded.row_splits, tf.int32)
            each += [tf.pad(splits[:-1], padding), tf.pad(splits[1:], padding)]

        def search(query):
            if excluded is None:
                return self._search(query[0], k)
            return self._search_without(query[0], k, tf.sort(excluded.values[query[1] : query[2]]))

        # One query at a time, several in parallel: a whole batch's candidates would not fit into memory.
        scores, rows = tf.map_fn(
            search,
            tuple(each),
            fn_output_signature=(tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.int32)),
        )
        return scores[:batch], rows[:batch]

    def vectors_of(self, rows):
        """Returns the vectors of the given rows: int32 [...] to float32 [..., d]."""
        return tf.gather(self.vectors, tf.gather(self.places, rows))

    def scores(self, queries):
        """Returns the scores of all rows, of every cell: float32 [B, d] to [B, M]."""
        return tf.gather(tf.matmul(queries, self.vectors, transpose_b=True), self.places, axis=1)

    def cell_order(self, queries: np.ndarray) -> np.ndarray:
        """Returns all cells in the order in which each query would search them: int32 [B, cells]."""
        scores = tf.matmul(queries, self.centroids, transpose_b=True)
        return tf.math.top_k(scores, self.cells).indices.numpy()

    def _search_without(self, query, k, excluded):
        """Searches without the rows of `excluded`, sorted: finds as many more rows as may be dropped."""
        found = tf.minimum(k + tf.size(excluded), tf.shape(self.vectors)[0])
        scores, rows = self._search(query, found)
        # A sentinel above every row, so that the binary search always finds a place to compare with.
        excluded = tf.concat([excluded, [tf.int32.max]], axis=0)
        out = tf.gather(excluded, tf.searchsorted(excluded, rows)) == rows
        best = tf.math.top_k(tf.where(out, -np.inf, scores), k)  # keeps the order
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
