"""The cross network of DCN-V2."""

import keras
from keras_rs.layers import FeatureCross


class CrossNetwork(keras.layers.Layer):
    """Cross layers x_{l+1} = x_0 ⊙ (W_l x_l + b_l) + x_l.

    n layers model every product of up to n + 1 inputs.

    Wang et al., "DCN V2: Improved Deep & Cross Network", 2021, https://arxiv.org/abs/2008.13535.

    Args:
        layers: the number of layers, n.
        rank: the rank of the matrices W = U V; None: full.
    """

    def __init__(self, layers: int, rank: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self._crosses = [FeatureCross(projection_dim=rank, dtype=self.dtype_policy) for _ in range(layers)]

    def call(self, inputs):
        """Applies the cross layers, [B, d] to [B, d]."""
        crossed = inputs
        for cross in self._crosses:
            crossed = cross(inputs, crossed)
        return crossed
