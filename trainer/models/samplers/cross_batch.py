"""Cross-batch negatives: items of past batches, with the vectors that they had then."""

import keras
import tensorflow as tf


class CrossBatchNegatives(keras.layers.Layer):
    """A first-in, first-out queue of the last batches' item ids and vectors.

    Wang, Zhu and He, "Cross-batch negative sampling for training two-tower recommenders" (2021): once a
    model has warmed up, an item's vector changes little from one batch to the next, so past vectors are
    negatives that need no pass through the item tower. Use it only after the first epoch or so: early
    vectors become stale.

    Args:
        capacity: the number of items that the queue holds.
        dim: the width of the vectors.

    The sampling probability of past items is that of in-batch items.

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
        """Returns (ids int32 [n], vectors float32 [n, dim]), oldest first; n grows from 0 to the capacity."""
        start = self.capacity - tf.convert_to_tensor(self._size)
        return tf.convert_to_tensor(self._ids)[start:], tf.convert_to_tensor(self._vectors)[start:]

    def push(self, ids, vectors) -> None:
        """Appends a batch to the queue; no gradient flows through it.

        Args:
            ids: int [B]; if they exceed the capacity, the last ones are kept.
            vectors: float [B, dim].
        """
        ids = tf.concat([self._ids, tf.cast(ids, tf.int32)], axis=0)
        vectors = tf.concat([self._vectors, tf.stop_gradient(tf.cast(vectors, tf.float32))], axis=0)
        size = tf.minimum(self._size + tf.shape(ids)[0] - self.capacity, self.capacity)
        self._ids.assign(ids[-self.capacity :])
        self._vectors.assign(vectors[-self.capacity :])
        self._size.assign(size)
