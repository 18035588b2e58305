"""Exact search through candidates that do not fit memory, a block at a time."""

import keras
import tensorflow as tf


class StreamingIndex(keras.layers.Layer):
    """The counterpart of TFRS's `Streaming` top-k: candidates stay a dataset, and only k a query are kept.

    Every call reads the dataset once, so ask with many queries at a time. Of equal scores the lower row
    comes first, as in `ExactIndex`: the answers are the same.

    Args:
        candidates: a dataset of vectors in blocks, float32 [n, d] each.

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
        """Searches; arguments and answer are those of `ExactIndex`."""
        queries = tf.convert_to_tensor(queries)
        batch = tf.shape(queries)[0]

        def best_so_far(best, block):
            read, scores, rows = best
            new = tf.matmul(queries, block, transpose_b=True)
            places = tf.broadcast_to(read + tf.range(tf.shape(new)[1]), tf.shape(new))
            # What was found earlier comes first, and top_k prefers it where scores are equal.
            scores, rows = tf.concat([scores, new], axis=1), tf.concat([rows, places], axis=1)
            kept = tf.math.top_k(scores, tf.minimum(k, tf.shape(scores)[1]))
            return read + tf.shape(block)[0], kept.values, tf.gather(rows, kept.indices, batch_dims=1)

        nothing = tf.constant(0), tf.zeros([batch, 0]), tf.zeros([batch, 0], tf.int32)
        _, scores, rows = self._candidates.reduce(nothing, best_so_far)
        return scores, rows
