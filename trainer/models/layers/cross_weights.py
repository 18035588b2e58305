"""A linear model over crosses of a user's and a film's features."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.pairs.pair_hash import id_hashes
from trainer.data.row_keys import row_keys
from trainer.data.tables.given import users_names
from trainer.data.tables.table import OneOf, SetOf

TABLED = 1 << 24  # combinations of two features whose bins are computed once (64 MB); of more, at each step
MOST_WORDS = 32  # of a film that are crossed, where its words are too many to be a dense matrix


class CrossWeights(keras.layers.Layer):
    """The sum of one weight per feature cross of a row, such as ("female", "Drama").

    The wide part of Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016. Names are hashed,
    not ids, so that a weight keeps its meaning when the catalogue grows. `keras.layers.HashedCrossing` has
    no XLA kernel, so it hashes all combinations once, when the layer is created; the graph holds a table of
    their bins. Where that table would be too large, both names' hashes are mixed at each step.

    Args:
        catalogue: gives the categories of each user and film.
        pairs: the crosses: a user's feature (or `user_id`) and a film's feature (or `movie_id`) each.
        bins: the number of weights per pair.
        regularizer: the regularizer of the weights.
        tabled: the largest number of combinations whose bins are a table.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        pairs: Sequence[tuple[str, str]],
        bins: int,
        regularizer: keras.regularizers.Regularizer | None = None,
        tabled: int = TABLED,
        **kwargs,
    ):
        super().__init__(dtype="float32", **kwargs)
        hashed = keras.layers.HashedCrossing(bins)
        self._crosses = []
        self._given = users_names(catalogue.description, [of_user for of_user, _ in pairs])
        for of_user, of_movie in pairs:
            users, movies = row_keys(catalogue, of_user), row_keys(catalogue, of_movie)
            weights = self.add_weight(
                shape=(bins,), initializer="zeros", regularizer=regularizer, name=f"{of_user}_{of_movie}"
            )
            if len(users) * len(movies) <= tabled and _few_words(catalogue, of_movie, tabled):
                bin_of = hashed((np.repeat(users, len(movies)), np.tile(movies, len(users))))
                table = tf.reshape(tf.cast(bin_of, tf.int32), [len(users), len(movies)])
                of_films = _category_or_weights(catalogue, of_movie)
                cross: _Tabled | _Mixed = _Tabled(table, _category(catalogue, of_user), of_films)
            else:
                by_user = (users, _category(catalogue, of_user))
                cross = _Mixed(by_user, (movies, *_padded(catalogue, of_movie)), bins)
            self._crosses.append((of_user, cross, weights))
        self.built = True

    def call(self, features):
        """Returns the sums, float32 [B, 1], for `user_id` and `movie_id`, int32 [B].

        Features of users that `features` hold (`trainer.data.tables.given`) replace those of the `user_id`.
        """
        total = tf.zeros(tf.shape(features[USER_ID]))
        for of_user, cross, weights in self._crosses:
            given = features.get(self._given.get(of_user))
            category = cross.category(features[USER_ID]) if given is None else given
            total += cross(weights, category, features[MOVIE_ID])
        return total[:, None]


class _Tabled:
    """A cross with a table of bins, int32 [user categories, film categories]."""

    def __init__(self, bin_of, of_user, of_movie):
        self._bin_of, self._of_user, self._of_movie = bin_of, of_user, of_movie

    def category(self, users):
        return tf.gather(self._of_user, users)

    def __call__(self, weights, category, movies):
        bins = tf.gather(self._bin_of, category)
        movie = tf.gather(self._of_movie, movies)
        if movie.dtype == tf.int32:
            return tf.gather(weights, tf.gather(bins, movie, batch_dims=1))
        return tf.reduce_sum(movie * tf.gather(weights, bins), axis=1)


class _Mixed:
    """A cross whose bins are computed at each step from 31 bits of both names' hashes."""

    def __init__(self, of_user, of_movie, bins: int):
        self._user_hash, self._of_user = tf.constant(_hashes(of_user[0])), of_user[1]
        self._movie_hash = tf.constant(_hashes(of_movie[0]))
        self._of_movie, self._share = tf.constant(of_movie[1]), tf.constant(of_movie[2])
        self._bins = bins

    def category(self, users):
        return tf.gather(self._of_user, users)

    def __call__(self, weights, category, movies):
        user = tf.gather(self._user_hash, category)[:, None]
        movie = tf.gather(self._movie_hash, tf.gather(self._of_movie, movies))
        bins = tf.math.floormod(user * 0x9E3779B1 + movie, self._bins)
        return tf.reduce_sum(tf.gather(self._share, movies) * tf.gather(weights, bins), axis=1)


def _hashes(keys: Sequence[str]) -> np.ndarray:
    """Returns 31 bits of each key's hash, int64: a product of two of them does not overflow."""
    return (id_hashes(keys) >> np.uint64(33)).astype(np.int64)


def _category(catalogue: Catalogue, feature: str) -> tf.Tensor:
    """Returns each user's or film's place in the feature's `row_keys`: int32 [users] or [movies]."""
    match feature:
        case "user_id":
            return tf.range(catalogue.users)
        case "movie_id":
            return tf.range(catalogue.movies)
    table = catalogue.table(feature)
    assert isinstance(table, OneOf)  # checked with the names
    return tf.constant(table.ids, tf.int32)


def _category_or_weights(catalogue: Catalogue, feature: str) -> tf.Tensor:
    """Returns the same, or the weights of a film's words, float32 [movies, words]."""
    table = None if feature == MOVIE_ID else catalogue.table(feature)
    return tf.constant(table.weights()) if isinstance(table, SetOf) else _category(catalogue, feature)


def _few_words(catalogue: Catalogue, feature: str, most: int) -> bool:
    table = None if feature == MOVIE_ID else catalogue.table(feature)
    return not isinstance(table, SetOf) or len(table.words) * table.size <= most


def _padded(catalogue: Catalogue, feature: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns each film's places in the feature's `row_keys` and their weights, [movies, at most 32] each."""
    table = None if feature == MOVIE_ID else catalogue.table(feature)
    if not isinstance(table, SetOf):
        places = _category(catalogue, feature).numpy()[:, None]
        return places, np.ones(places.shape, np.float32)
    lengths = np.minimum(table.words.lengths, MOST_WORDS)
    there = np.arange(max(1, int(lengths.max(initial=1)))) < lengths[:, None]
    places = np.zeros(there.shape, np.int32)
    owners, within = np.nonzero(there)
    places[owners, within] = table.words.values[table.words.splits[owners] + within]
    return places, (there / np.sqrt(np.maximum(lengths, 1))[:, None]).astype(np.float32)
