"""Ratings of cold items inside a graph: the weighted mean over the items that stand for them."""

import tensorflow as tf

from trainer.data.features import MOVIE_ID
from trainer.export.cold.items import ColdItems


class Mixed:
    """The stand-ins of cold items, as tensors.

    Args:
        cold: the cold items, whose ids are behind those of train.
    """

    def __init__(self, cold: ColdItems):
        self._first = cold.first
        self._alike, self._weights = tf.constant(cold.alike, tf.int32), tf.constant(cold.weights)

    def learned(self, movies):
        """Returns ids, dense or ragged int32, with 0 (unknown) in place of cold ones."""
        if isinstance(movies, tf.RaggedTensor):
            return movies.with_values(self.learned(movies.values))
        return tf.where(movies < self._first, movies, 0)

    def rated(self, rate, features):
        """Rates pairs.

        Args:
            rate: a function from features of int32 [B], such as `movie_id`, to ratings, float32 [B], or to a
                dict of them.
            features: the features of the pairs, with a row for each; ids of films may be cold.

        Returns:
            What `rate` returns.
        """
        movies = features[MOVIE_ID]
        cold = tf.where(movies >= self._first)[:, 0]
        stand_ins, shares = self.of_each(tf.gather(movies, cold))
        count = tf.shape(shares)[1]
        asked = {name: tf.repeat(tf.gather(column, cold), count, axis=0) for name, column in features.items()}
        # One call for all pairs: those of the batch, followed by those of the stand-ins.
        every = {name: tf.concat([column, asked[name]], axis=0) for name, column in features.items()}
        every[MOVIE_ID] = tf.concat([self.learned(movies), tf.reshape(stand_ins, [-1])], axis=0)
        size = tf.shape(movies)[0]

        def mixed(rated):
            means = tf.reduce_sum(shares * tf.reshape(rated[size:], tf.shape(shares)), axis=1)
            return tf.tensor_scatter_nd_update(rated[:size], cold[:, None], means)

        return tf.nest.map_structure(mixed, rate(every))

    def of_each(self, movies):
        """Returns the stand-ins of films and their shares: int32 and float32 [..., K].

        Of a film of train the first stand-in is itself, with all of the share.
        """
        count = self._alike.shape[1]
        place = tf.maximum(movies - self._first, 0)
        cold = (movies >= self._first)[..., None]
        itself = tf.one_hot(tf.zeros_like(movies), count)
        stand_ins = tf.where(cold, tf.gather(self._alike, place), movies[..., None])
        return stand_ins, tf.where(cold, tf.gather(self._weights, place), itself)
