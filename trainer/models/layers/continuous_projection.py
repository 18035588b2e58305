"""Projection of numeric features to one dense vector, to be used beside embeddings."""

import keras
from keras import ops


class ContinuousProjection(keras.layers.Layer):
    """Concatenates numeric features and projects them: DLRM's bottom network in its smallest form.

    Naumov et al., "Deep learning recommendation model for personalization and recommendation systems"
    (2019).

    Args:
        units: the width of each dense layer; the last one is the output's.
        activation: the activation of each dense layer.

    Call arguments:
        - features: float [B] or [B, n] each, by name; they are concatenated in the order of their names.

    Examples:
        >>> projection = ContinuousProjection(8, 2)
        >>> tuple(projection({"age": np.array([20.0, 30.0, 40.0]), "tags": np.ones((3, 18))}).shape)
        (3, 2)
    """

    def __init__(self, *units: int, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, activation
        self._dense = [keras.layers.Dense(each, activation, dtype=self.dtype_policy) for each in units]

    def call(self, features):
        """Returns the projection, float [B, units[-1]]."""
        columns = [ops.convert_to_tensor(features[name], self.compute_dtype) for name in sorted(features)]
        projected = ops.concatenate(
            [each[:, None] if len(each.shape) == 1 else each for each in columns], axis=1
        )
        for layer in self._dense:
            projected = layer(projected)
        return projected
