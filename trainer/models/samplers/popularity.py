"""A sampler that draws items by their popularity."""

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf


class PopularitySampler(keras.layers.Layer):
    """Draws ids with replacement, with probabilities proportional to countᵖᵒʷᵉʳ.

    Mikolov et al., "Distributed representations of words and phrases and their compositionality" (2013)
    found a power of 0.75 best. A power of 1 is the distribution of in-batch items, and 0 is uniform over
    the ids that occur. An id that never occurs is never drawn.

    Args:
        counts: [M], the number of occurrences of each id.
        samples: the number of draws.
        power: the exponent of the counts.
        seed: the seed of the draws; None: a different one at every start.

    Examples:
        >>> ids, expected = PopularitySampler([0, 3, 1], samples=8).draw()
        >>> sorted(set(ids.numpy()) - {1, 2}), float(PopularitySampler([0, 3, 1], 8).expected([1])[0])
        ([], 6.0)

    Raises:
        ValueError: no id occurs.
    """

    def __init__(
        self, counts: npt.ArrayLike, samples: int, power: float = 1.0, seed: int | None = None, **kwargs
    ):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        often = np.asarray(counts, np.float64)
        if not often.any():
            raise ValueError("PopularitySampler needs an id that occurs: all counts are 0.")
        weights = np.where(often > 0, np.maximum(often, 1e-12) ** power, 0)
        shares = weights / weights.sum()
        self._samples = samples
        self._expected = tf.constant(samples * shares, tf.float32)
        # Only ids that occur, ascending: rounding cannot draw an id whose share is 0.
        self._ids = tf.constant(np.flatnonzero(shares), tf.int32)
        self._edges = tf.constant(np.cumsum(shares[shares > 0])[:-1], tf.float64)
        self._seeds = keras.random.SeedGenerator(seed)
        self.built = True

    @classmethod
    def log_uniform(cls, counts: npt.ArrayLike, samples: int, **kwargs) -> "PopularitySampler":
        """Builds a log-uniform sampler: the r-th most frequent of n ids has log(1 + 1 / r) / log(n + 1).

        This is close to Zipf's law, and the distribution of `tf.random.log_uniform_candidate_sampler`; but
        ids need not be in the order of their frequency.

        Examples:
            >>> sampler = PopularitySampler.log_uniform([0, 3, 1], samples=100)
            >>> [round(float(each), 1) for each in sampler.expected([1, 2])]  # log 2 and log 1.5, of log 3
            [63.1, 36.9]
        """
        often = np.asarray(counts, np.float64)
        order = np.argsort(-often, kind="stable")
        weights = np.zeros(len(often))
        weights[order] = np.log1p(1 / np.arange(1, len(often) + 1))
        return cls(np.where(often > 0, weights, 0), samples, **kwargs)

    def draw(self, samples=None):
        """Draws ids: (ids int32 [samples], their expected counts in the sample, float32 [samples]).

        Args:
            samples: the number of draws, an int or a scalar tensor; None: that of the constructor.
        """
        drawn = self._samples if samples is None else samples
        # Two draws make one with a resolution of 2⁻⁴⁸: float32's alone is too coarse for a million ids.
        fine, coarse = tf.unstack(tf.floor(keras.random.uniform([2, drawn], seed=self._seeds) * (1 << 24)))
        chance = (tf.cast(coarse, tf.float64) + tf.cast(fine, tf.float64) / (1 << 24)) / (1 << 24)
        ids = tf.gather(self._ids, tf.searchsorted(self._edges, chance, side="right"))
        return ids, self.expected(ids) * (tf.cast(drawn, tf.float32) / self._samples)

    def expected(self, ids):
        """Returns the expected counts of `ids`, int [n], in a sample: float32 [n]."""
        return tf.gather(self._expected, ids)
