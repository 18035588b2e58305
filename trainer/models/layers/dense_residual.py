"""A dense layer that is added to its input, full or low rank."""

import keras


class DenseResidual(keras.layers.Layer):
    """A residual layer: activation(x + dropout(normalize(dense(x)))), as wide as the input.

    He et al., "Deep residual learning for image recognition" (2016); the low-rank kernel U·V is DCN-V2's
    (Wang et al., 2021), and costs 2·d·rank weights in place of d².

    Args:
        rank: the rank of the kernel; None: full.
        activation: the activation after the sum.
        dropout: the dropout rate of the dense layer's outputs.
        normalize: whether batch normalization is applied before the sum.

    Call arguments:
        - x: float [..., d].

    Examples:
        >>> layer = DenseResidual(rank=1, normalize=False)
        >>> tuple(layer(np.ones((2, 8))).shape), layer.count_params()  # 8 of U, 8 of V, 8 of the bias
        ((2, 8), 24)
    """

    def __init__(
        self,
        rank: int | None = None,
        activation="relu",
        dropout: float = 0.0,
        normalize: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.rank, self.dropout, self.normalize = rank, dropout, normalize
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        policy, layers = self.dtype_policy, []
        if self.rank is not None:
            layers.append(keras.layers.Dense(self.rank, use_bias=False, dtype=policy))
        layers.append(keras.layers.Dense(input_shape[-1], dtype=policy))
        if self.normalize:
            layers.append(keras.layers.BatchNormalization(dtype=policy))
        if self.dropout:
            layers.append(keras.layers.Dropout(self.dropout, dtype=policy))
        self._branch = layers
        shape = input_shape
        for layer in layers:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def call(self, x, training=False):
        """Returns the activation of the sum, float [..., d]."""
        branch = x
        for layer in self._branch:
            trains = isinstance(layer, keras.layers.BatchNormalization | keras.layers.Dropout)
            branch = layer(branch, training=training) if trains else layer(branch)
        return self.activation(x + branch)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        activation = keras.activations.serialize(self.activation)
        own = {"rank": self.rank, "dropout": self.dropout, "normalize": self.normalize}
        return {**super().get_config(), "activation": activation, **own}
