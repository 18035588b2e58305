"""Matrix factorization with implicit sets, side features and several members: `mf`.

SVD++ (Koren, "Factorization meets the neighborhood", 2008) for both sides: the films that a user has watched
add to the user's vector, and the users who have watched a film add to the film's. That a user watched a film
says much, whatever the rating.
"""

import keras
import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.catalogue import Catalogue
from trainer.data.feature_options import named_fields
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.row_keys import row_keys
from trainer.data.tables.given import sums_of_given, users_names
from trainer.data.tables.ragged import Ragged
from trainer.models.base import Weight
from trainer.models.index.exact import frozen
from trainer.models.layers.delayed_sums import DelayedSums
from trainer.models.layers.gaussian_prior import GaussianPrior
from trainer.models.layers.implicit_sets import ImplicitSets
from trainer.models.layers.pooled import pooled
from trainer.models.layers.side_sums import SideSums
from trainer.models.ranking.config import MfConfig
from trainer.models.ranking.headed import HeadedModel


class Mf(HeadedModel):
    """Matrix factorization of several members; each member's score is ⟨user, film⟩ + both biases."""

    def __init__(self, config: MfConfig, catalogue: Catalogue, **kwargs):
        # Always float32: sums over hundreds of rows lose too much in half precision, which saves no time.
        super().__init__(config.head, catalogue, config.members, dtype="float32", **kwargs)
        self._limit = config.implicit_limit
        self._members, self._width = config.members, config.dim + 1
        self._prior = GaussianPrior(config.factor_l2, config.bias_l2, catalogue.rows)
        self._tables: dict[str, tuple[keras.Variable, str]] = {}
        self.user = self._table("user", USER_ID)
        self.movie = self._table("movie", MOVIE_ID)
        self._sides: dict[str, list[tuple[SideSums, keras.Variable]]] = {"user": [], "movie": []}
        features = catalogue.known(named_fields(catalogue.description, config.features))
        self.user_features = tuple(users_names(catalogue.description, features))
        for feature in features:
            owner = "user" if feature in catalogue.description.user_features else "movie"
            sums = SideSums(catalogue.table(feature))
            self._sides[owner].append((sums, self._table(feature, feature)))
        # The implicit tables are separate from the id tables: to have watched a film is not to be like it.
        self._watched = self._watchers = None
        self.rates_histories = config.implicit
        if config.implicit:
            self._watched_table = self._table("watched", MOVIE_ID)
            self._watchers_table = self._table("watchers", USER_ID)
            self._watched = self._sums(catalogue.watched, self._watched_table)
            self._watchers = self._sums(catalogue.watchers, self._watchers_table)
            self.delayed_sums = [
                each for each in (self._watched, self._watchers) if isinstance(each, DelayedSums)
            ]
        self.built = True

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        if self.delayed_sums and self.distribute_strategy.num_replicas_in_sync > 1:
            raise TrainingError(
                "train.strategy is mirrored, but the implicit sets are so large that their sums are formed "
                "once per block of steps, which one device does.",
                "Set train.strategy to none, or lower model.implicit_limit.",
            )
        sides = [sums for sides in self._sides.values() for sums, _ in sides]
        if self.jit_compile and (self.delayed_sums or not all(each.at_once for each in sides)):
            raise TrainingError(
                "train.xla is on, but the implicit sets are too large to be summed at every step.",
                "Set train.xla to false, or lower model.implicit_limit.",
            )

    def weights_by_name(self) -> dict[str, Weight]:
        named = {
            name: Weight(table, row_keys(self.catalogue, owner))
            for name, (table, owner) in self._tables.items()
        }
        return named | self.head_weights()

    def for_serving(self) -> keras.layers.Layer:
        for each in self.delayed_sums:
            each.refresh()
        return FoldedMf(self)

    def users(self, ids, without=None):
        """Returns the users' vectors, side features and implicit sets included: float32 [B, K, d + 1].

        Args:
            ids: int32 [B].
            without: int32 [B], a film to leave out of each user's set, or None.
        """
        return self._vectors(self.user, "user", self._watched, "_watched_table", ids, without)

    def movies(self, ids, without=None):
        """Returns the films' vectors, side features and implicit sets included: float32 [B, K, d + 1].

        Args:
            ids: int32 [B].
            without: int32 [B], a user to leave out of each film's set, or None.
        """
        return self._vectors(self.movie, "movie", self._watchers, "_watchers_table", ids, without)

    def rows_of(self, feature: str) -> np.ndarray:
        """Returns the trained table of a side feature: float32 [keys of the feature, K, d + 1]."""
        return self._tables[feature][0].numpy()

    def watched_rows(self):
        """Returns each watched film's term of a user's sum, before the division: [movies, K (d + 1)]."""
        return tf.reshape(self._watched_table, [-1, self._members * self._width]).numpy()

    def scores(self, features, training=False):
        users, movies = features[USER_ID], features[MOVIE_ID]
        # Whether the pair is in the sets is what a chance is to tell, so in training it is left out of both.
        hide = training and self.chance
        of_users = self.users(users, movies if hide else None)
        of_movies = self.movies(movies, users if hide else None)
        return product(of_users, of_movies)

    def _vectors(self, table, side, sets, set_table, ids, without):
        vectors = tf.gather(table, ids)
        for sums, rows in self._sides[side]:
            vectors += sums(tf.convert_to_tensor(rows), ids)
        if sets is None:
            return vectors
        if isinstance(sets, DelayedSums):
            return vectors + tf.reshape(sets(ids, without), tf.shape(vectors))
        flat = tf.reshape(getattr(self, set_table), [-1, self._members * self._width])
        sums = sets(flat, ids, xla=bool(getattr(self, "jit_compile", False)))
        if without is not None:
            sums = sets.without(sums, tf.gather(flat, without), ids, without)
        return vectors + tf.reshape(sums, tf.shape(vectors))

    def _sums(self, members: Ragged, table: keras.Variable) -> ImplicitSets | DelayedSums:
        """Returns the sums of each id's set: at every step if that is quick, else once per block of steps."""
        sets = ImplicitSets(members, self._limit, dtype="float32")
        return sets if sets.at_once else DelayedSums(sets, table)

    def _table(self, name: str, owner: str):
        """Creates a table with one row per key of `owner`: K members' factors and, as last column, biases."""
        table = self.add_weight(
            shape=(len(row_keys(self.catalogue, owner)), self._members, self._width),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            regularizer=self._prior,
            name=str(name),
        )
        self._tables[str(name)] = (table, str(owner))
        return table


class FoldedMf(keras.layers.Layer):
    """A trained `Mf` with sets and side features folded into one vector per user and per film."""

    def __init__(self, model: Mf, **kwargs):
        super().__init__(**kwargs)
        catalogue = model.catalogue
        self.user = self.add_weight(shape=model.user.shape, trainable=False, name="user")
        self.user.assign(model.users(tf.range(catalogue.users)))
        self.movie = self.add_weight(shape=model.movie.shape, trainable=False, name="movie")
        self.movie.assign(model.movies(tf.range(catalogue.movies)))
        self.watched = frozen(self, "watched", model.watched_rows()) if model.rates_histories else None
        names = users_names(catalogue.description, model.user_features)
        self._given = [
            (name, catalogue.table(key), frozen(self, f"given_{place}", model.rows_of(key)))
            for place, (key, name) in enumerate(names.items())
        ]
        # The unknown user without side features, and so also without the rows of unknown ones.
        self._nobody = frozen(self, "nobody", model.user.numpy()[:1]) if self._given else None
        self.head = model.head
        self.built = True

    def call(self, features):
        users, movies = self._users(features), tf.gather(self.movie, features[MOVIE_ID])
        return self.head(product(users, movies))

    def _users(self, features):
        """Returns the vectors of the users' ids, or of unknown users with the features that are given."""
        if not any(name in features for name, _, _ in self._given):
            return tf.gather(self.user, features[USER_ID])
        sides = [sums_of_given(table, rows, features[name]) for name, table, rows in self._given]
        return self._nobody + tf.add_n(sides)

    def rate_for_history(self, histories, movies, weights=None, given=None):
        """Returns the ratings of cold-start users, given their histories: float32 [B, n].

        Args:
            histories: ragged int32 [B, (h)], the watched films; unknown (0) and repeated ones are ignored.
            movies: int32 [B, n], the films to rate.
            weights: ragged float32 [B, (h)], as in `trainer.models.layers.pooled`.
            given: columns of all `user_features` of the users (`trainer.data.tables.given`); None: unknown.
        """
        members, width = self.user.shape[1:]
        sets = tf.reshape(pooled(self.watched, histories, weights=weights), [-1, members, width])
        nobody = self.user[:1] if given is None else self._users(given)  # without a set of its own
        users = (nobody + sets)[:, None]
        rated = product(users, tf.gather(self.movie, movies))
        return tf.reshape(self.head(tf.reshape(rated, [-1, members])), tf.shape(movies))


def product(users, movies):
    """Returns ⟨user, film⟩ + both biases, [B, K], for vectors [B, K, d + 1] whose last column is the bias."""
    return tf.reduce_sum(users[..., :-1] * movies[..., :-1], axis=-1) + users[..., -1] + movies[..., -1]
