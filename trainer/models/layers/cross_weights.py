"""A linear model over crosses of a user's and a film's features."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.row_keys import row_keys
from trainer.data.side_features import categories, genre_weights
from trainer.models.ranking.config import Feature


class CrossWeights(keras.layers.Layer):
    """The sum of one weight per feature cross of a row, such as ("female", "Drama").

    The wide part of Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016. Names are hashed,
    not ids, so that a weight keeps its meaning when the catalogue grows. `keras.layers.HashedCrossing` has
    no XLA kernel, so it hashes all combinations once, when the layer is created; the graph holds a table of
    their bins.

    Args:
        catalogue: gives the categories of each user and film.
        pairs: the crosses: a user's feature (or `user_id`) and a film's feature (or `movie_id`) each.
        bins: the number of weights per pair.
        regularizer: the regularizer of the weights.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        pairs: Sequence[tuple[str, str]],
        bins: int,
        regularizer: keras.regularizers.Regularizer | None = None,
        **kwargs,
    ):
        super().__init__(dtype="float32", **kwargs)
        hashed = keras.layers.HashedCrossing(bins)
        self._crosses = []
        for of_user, of_movie in pairs:
            users, movies = row_keys(catalogue, of_user), row_keys(catalogue, of_movie)
            bin_of = hashed((np.repeat(users, len(movies)), np.tile(movies, len(users))))
            weights = self.add_weight(
                shape=(bins,), initializer="zeros", regularizer=regularizer, name=f"{of_user}_{of_movie}"
            )
            self._crosses.append(
                (
                    tf.reshape(tf.cast(bin_of, tf.int32), [len(users), len(movies)]),
                    _category(catalogue, of_user),
                    _genres(catalogue) if of_movie == Feature.GENRES else _category(catalogue, of_movie),
                    weights,
                )
            )
        self.built = True

    def call(self, features):
        """Returns the sums, float32 [B, 1], for `user_id` and `movie_id`, int32 [B]."""
        total = tf.zeros(tf.shape(features[USER_ID]))
        for bin_of, of_user, of_movie, weights in self._crosses:
            bins = tf.gather(bin_of, tf.gather(of_user, features[USER_ID]))
            movie = tf.gather(of_movie, features[MOVIE_ID])
            if movie.dtype == tf.int32:
                total += tf.gather(weights, tf.gather(bins, movie, batch_dims=1))
            else:
                total += tf.reduce_sum(movie * tf.gather(weights, bins), axis=1)
        return total[:, None]


def _category(catalogue: Catalogue, feature: str) -> tf.Tensor:
    """Returns each user's or film's place in the feature's `row_keys`: int32 [users] or [movies]."""
    match feature:
        case "user_id":
            return tf.range(catalogue.users)
        case "movie_id":
            return tf.range(catalogue.movies)
    return tf.constant(categories(catalogue, Feature(feature))[0], tf.int32)


def _genres(catalogue: Catalogue) -> tf.Tensor:
    return tf.constant(genre_weights(catalogue))
