"""Films drawn as negatives: as often as they are watched, for those are what a model must tell apart."""

import keras
import numpy as np
import tensorflow as tf


class FilmSampler(keras.layers.Layer):
    """Draws films by their share of ratings, with replacement, new ones at every draw.

    Args:
        ratings: how many each film has, int [movies]; films without any are never drawn.
        count: how many films are drawn.
    """

    def __init__(self, ratings: np.ndarray, count: int, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._up_to = tf.constant(np.cumsum(ratings), tf.int32)
        self._chance = tf.constant(ratings / max(1, ratings.sum()), tf.float32)
        self._count, self._seeds = count, keras.random.SeedGenerator()
        self.built = True

    def draw(self):
        """(ids int32 [count], the chance of each in one draw, float32 [count])."""
        rating = keras.random.randint([self._count], 0, self._up_to[-1], seed=self._seeds)
        ids = tf.searchsorted(self._up_to, rating, side="right")
        return ids, tf.gather(self._chance, ids)
