"""Swap noise for categorical features: a value is replaced by another row's."""

import keras
import tensorflow as tf


class SwapNoise(keras.layers.Layer):
    """Replaces a share of each feature's values, in training, by values from elsewhere in the batch.

    So the noise follows the feature's own distribution. It was part of the winning solution of Porto Seguro's
    Safe Driver Prediction (Jahrer, 2017), and is the counterpart of Merlin Models' `StochasticSwapNoise`.

    Args:
        rate: the share of values that are swapped; the new value may happen to be the same.
        padding: a value that is neither swapped nor drawn; None: no value is padding.
        seed: the seed of the draws.

    Call arguments:
        - features: a tensor, dense of any shape or ragged, or a dict of them; lists keep their lengths.

    Examples:
        >>> noisy = SwapNoise(rate=1.0)(tf.constant([[1, 2], [2, 0]]), training=True).numpy()
        >>> int(noisy[1, 1]), set(noisy[0].tolist()) <= {1, 2}  # padding stays, others come from the batch
        (0, True)
    """

    def __init__(self, rate: float = 0.15, padding=0, seed: int | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.rate, self.padding, self.seed = rate, padding, seed
        self._seeds = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, features, training=False):
        """Returns the features, with noise in training, in the structure of the input."""
        if not training or not self.rate:
            return features
        if isinstance(features, dict):
            return {name: self._swapped(each) for name, each in features.items()}
        return self._swapped(features)

    def _swapped(self, feature):
        if isinstance(feature, tf.RaggedTensor):
            return feature.with_flat_values(self._swapped(feature.flat_values))
        feature = tf.convert_to_tensor(feature)
        values = tf.reshape(feature, [-1])
        real = tf.ones_like(values, tf.bool) if self.padding is None else values != self.padding
        drawn_from = tf.boolean_mask(values, real)
        count = tf.shape(drawn_from)[0]
        chances = keras.random.uniform([2, tf.size(values)], seed=self._seeds)
        # If all values are padding, nothing is swapped, and any value may be gathered, if there is one.
        drawn_from = tf.concat([drawn_from, values[:1]], axis=0)
        places = tf.cast(chances[1] * tf.cast(count, tf.float32), tf.int32)
        others = tf.gather(drawn_from, tf.minimum(places, tf.maximum(count - 1, 0)))
        swapped = tf.where(real & (chances[0] < self.rate), others, values)
        return tf.reshape(swapped, tf.shape(feature))

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "padding": self.padding, "seed": self.seed}
