"""The second-order term of a factorization machine."""

import keras


class PairwiseProducts(keras.layers.Layer):
    """The sum over pairs i < j of ⟨v_i, v_j⟩, in time linear in the number of fields.

    Rendle, "Factorization Machines", 2010: ½ Σ over dimensions of (Σ v)² - Σ v². It is always computed in
    float32, because the two sums are close to each other.

    Examples:
        >>> PairwiseProducts()(np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]])).numpy().tolist()
        [[67.0]]
    """

    def __init__(self, **kwargs):
        super().__init__(dtype="float32", **kwargs)

    def call(self, vectors):
        """Returns the sum, float32 [B, 1], for vectors [B, fields, d]."""
        vectors = keras.ops.cast(vectors, "float32")
        of_sum = keras.ops.square(keras.ops.sum(vectors, axis=1))
        of_each = keras.ops.sum(keras.ops.square(vectors), axis=1)
        return 0.5 * keras.ops.sum(of_sum - of_each, axis=1, keepdims=True)
