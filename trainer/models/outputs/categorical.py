"""A categorical output: a logit for each item."""

import keras
from keras import ops


class CategoricalOutput(keras.layers.Layer):
    """Logits hidden · table + bias, trained with the cross-entropy of the full softmax.

    Args:
        items: the number of items.
        table: a layer whose `embeddings`, [items, d], are also used as the output weights: weight tying
            (Press and Wolf, 2017). None: the output has a table of its own.

    Examples:
        >>> output = CategoricalOutput(4)
        >>> tuple(output(np.zeros((2, 3))).shape)
        (2, 4)
        >>> round(float(output.loss(np.zeros((2, 3)), np.array([1, 3]))), 4)  # four items alike: log 4
        1.3863
    """

    def __init__(self, items: int, table: keras.layers.Embedding | None = None, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self._items, self._tied = items, table
        self._cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def build(self, input_shape):
        if self._tied is None:
            self._table = self.add_weight(
                shape=(self._items, input_shape[-1]), initializer="glorot_uniform", name="items"
            )
        self._bias = self.add_weight(shape=(self._items,), initializer="zeros", name="bias")
        self.built = True

    def call(self, hidden):
        """Returns the logits, float32 [B, items]."""
        table = ops.cast(self._table if self._tied is None else self._tied.embeddings, "float32")
        return ops.matmul(hidden, ops.transpose(table)) + self._bias

    def loss(self, hidden, labels, sample_weight=None):
        """Returns the scalar loss.

        Args:
            hidden: float [B, d].
            labels: int [B], each row's positive item.
            sample_weight: [B] or None.
        """
        return self._cross_entropy(labels, self(hidden), sample_weight=sample_weight)
