"""Exact search over candidates that do not fit into memory, one block at a time."""

import keras
import tensorflow as tf


class StreamingIndex(keras.layers.Layer):
    """The counterpart of TFRS's `Streaming` top-k: reads candidates from a dataset and keeps k per query.

    Every call reads the dataset once, so pass many queries at a time. Ties go to the lower row, so the
    results equal those of `ExactIndex`.

    Args:
        candidates: a dataset of blocks of vectors, float32 [n, d] each.

    Examples:
        >>> vectors = np.array([[1, 0], [0, 1], [2, 2]], np.float32)
        >>> index = StreamingIndex(tf.data.Dataset.from_tensor_slices(vectors).batch(2))
        >>> scores, rows = index(np.array([[4, 1]], np.float32), k=2)
        >>> scores.numpy().tolist(), rows.numpy().tolist()
        ([[10.0, 4.0]], [[2, 0]])
    """

    def __init__(self, candidates: tf.data.Dataset, **kwargs):
        super().__init__(autocast=False, dtype="float32", trainable=False, **kwargs)
        self._candidates = candidates
        self.built = True

    def call(self, queries, k):
        """Searches like `ExactIndex.call`, without `excluded`."""
        queries = tf.convert_to_tensor(queries)
        batch = tf.shape(queries)[0]

        def best_so_far(best, block):
            read, scores, rows = best
            new = tf.matmul(queries, block, transpose_b=True)
            places = tf.broadcast_to(read + tf.range(tf.shape(new)[1]), tf.shape(new))
            # Earlier finds come first, and top_k prefers them where scores are equal.
            scores, rows = tf.concat([scores, new], axis=1), tf.concat([rows, places], axis=1)
            kept = tf.math.top_k(scores, tf.minimum(k, tf.shape(scores)[1]))
            return read + tf.shape(block)[0], kept.values, tf.gather(rows, kept.indices, batch_dims=1)

        nothing = tf.constant(0), tf.zeros([batch, 0]), tf.zeros([batch, 0], tf.int32)
        _, scores, rows = self._candidates.reduce(nothing, best_so_far)
        return scores, rows
