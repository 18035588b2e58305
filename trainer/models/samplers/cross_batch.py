"""Items of past batches as negatives, with the vectors that they had."""

import keras
import tensorflow as tf


class CrossBatchNegatives(keras.layers.Layer):
    """A first-in, first-out queue of the last batches' item ids and vectors.

    Wang, Zhu and He, "Cross-batch negative sampling for training two-tower recommenders" (2021): once a
    model has warmed up, an item's vector changes little from a batch to the next, so past vectors are
    negatives that cost no pass through the item tower. Begin to use it after an epoch or so; early
    vectors are stale.

    Args:
        capacity: how many items the queue holds.
        dim: width of the vectors.

    Their sampling probability is that of a batch's own items, since that is what they were.

    Examples:
        >>> queue = CrossBatchNegatives(capacity=3, dim=1)
        >>> for ids in ([1, 2], [3, 4]):  # what a model's `compute_loss` does with a batch
        ...     films = tf.ones([2, 1])  # the item tower's vectors
        ...     past_ids, past_vectors = queue.past()
        ...     candidates = tf.concat([films, past_vectors], axis=0)  # of `tasks.Retrieval`
        ...     candidate_ids = tf.concat([ids, past_ids], axis=0)
        ...     queue.push(ids, films)
        >>> candidate_ids.numpy().tolist(), queue.past()[0].numpy().tolist()
        ([3, 4, 1, 2], [2, 3, 4])
    """

    def __init__(self, capacity: int, dim: int, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.capacity = capacity

        def state(name, shape, dtype):
            return self.add_weight(
                shape=shape,
                dtype=dtype,
                initializer="zeros",
                trainable=False,
                # Under a distribution strategy each replica keeps the queue of its own batches.
                aggregation="only_first_replica",
                name=name,
            )

        self._ids = state("ids", (capacity,), "int32")
        self._vectors = state("vectors", (capacity, dim), "float32")
        self._size = state("size", (), "int32")
        self.built = True

    def past(self):
        """(ids int32 [n], vectors float32 [n, dim]), the oldest first; n grows from 0 to the capacity."""
        start = self.capacity - tf.convert_to_tensor(self._size)
        return tf.convert_to_tensor(self._ids)[start:], tf.convert_to_tensor(self._vectors)[start:]

    def push(self, ids, vectors) -> None:
        """Puts a batch in behind the others; no gradient passes.

        Args:
            ids: int [B]; of more than the capacity, the last ones stay.
            vectors: float [B, dim].
        """
        ids = tf.concat([self._ids, tf.cast(ids, tf.int32)], axis=0)
        vectors = tf.concat([self._vectors, tf.stop_gradient(tf.cast(vectors, tf.float32))], axis=0)
        size = tf.minimum(self._size + tf.shape(ids)[0] - self.capacity, self.capacity)
        self._ids.assign(ids[-self.capacity :])
        self._vectors.assign(vectors[-self.capacity :])
        self._size.assign(size)
