"""The two towers: the features of a user, or of a film, as one vector."""

from collections.abc import Iterable, Sequence

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.feature_options import named_fields
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.row_keys import WORDS, row_keys
from trainer.data.tables.given import users_names
from trainer.data.tables.title_words import title_words
from trainer.models.base import Weight
from trainer.models.layers.gaussian_prior import GaussianPrior
from trainer.models.layers.implicit_sets import ImplicitSets
from trainer.models.layers.pooled import pooled
from trainer.models.layers.side_sums import SideSums
from trainer.models.retrieval.config import TwoTowerConfig
from trainer.models.retrieval.history import WatchedHistory


class Tower(keras.layers.Layer):
    """The sum of the features' embeddings, float32 [B, d], followed by the dense layers if there are any."""

    def __init__(
        self,
        owner: str,
        features: Iterable[str],
        config: TwoTowerConfig,
        catalogue: Catalogue,
        **kwargs,
    ):
        super().__init__(dtype="float32", **kwargs)
        self._dim = config.dim
        self._prior = GaussianPrior(config.l2, config.l2, catalogue.rows)
        self._catalogue = catalogue
        self._tables: dict[str, tuple[keras.Variable, str]] = {}
        self._ids = self.table(owner, owner)
        self._sides = []
        for feature in catalogue.known(features):
            self._sides.append((SideSums(catalogue.table(feature)), self.table(feature, feature)))
        self._dropout = keras.layers.Dropout(config.dropout, dtype="float32")
        self.dense: list[keras.layers.Layer] = []
        width = config.dim
        for units in (*config.hidden, config.dim) if config.hidden else ():
            last = len(self.dense) == len(config.hidden)
            layer = keras.layers.Dense(units, activation=None if last else "relu", dtype="float32")
            layer.build((None, width))
            self.dense.append(layer)
            width = units

    def known_of(self, ids):
        """Returns the sum of the embeddings of id and side features: int32 [B] to float32 [B, d]."""
        parts = tf.gather(self._ids, ids)
        for sums, side in self._sides:
            parts += sums(tf.convert_to_tensor(side), ids)
        return parts

    @property
    def at_once(self) -> bool:
        """Tells whether XLA can compile the features."""
        return all(sums.at_once for sums, _ in self._sides)

    def vectors(self, parts, training):
        return self._dropout(through(self.dense, parts), training=training)

    def table(self, name: str, owner: str):
        """Creates a table with one vector per key of `owner`."""
        table = self.add_weight(
            shape=(len(row_keys(self._catalogue, owner)), self._dim),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            regularizer=self._prior,
            name=str(name),
        )
        self._tables[str(name)] = (table, str(owner))
        return table

    def weights_by_name(self) -> dict[str, Weight]:
        """Returns this tower's weights, named as in `Model.weights_by_name`."""
        named = {
            name: Weight(table, row_keys(self._catalogue, owner))
            for name, (table, owner) in self._tables.items()
        }
        for place, layer in enumerate(self.dense):
            named |= {
                f"dense_{place}/kernel": Weight(layer.kernel),
                f"dense_{place}/bias": Weight(layer.bias),
            }
        return named


class UserTower(Tower):
    """The tower of a user's id, features and history."""

    def __init__(self, config: TwoTowerConfig, catalogue: Catalogue, **kwargs):
        named = named_fields(catalogue.description, config.features)
        features = [key for key in named if key in catalogue.description.user_features]
        super().__init__(USER_ID, features, config, catalogue, **kwargs)
        self._history = self.watched = None
        if config.history:
            self._history = WatchedHistory(
                catalogue.watched, catalogue.movies, config.history_limit, config.history_dropout
            )
            self.watched = self.table("watched", MOVIE_ID)
        self.user_features = tuple(users_names(catalogue.description, catalogue.known(features)))
        self._id_dropout = config.id_dropout if config.history else 0.0
        self._seeds = keras.random.SeedGenerator()
        self.built = True

    def call(self, ids, targets=None, training=False):
        """Returns the users' vectors, float32 [B, d + 1]; `targets`, int32 [B], are left out of histories."""
        who = ids
        if training and self._id_dropout:
            chance = keras.random.uniform(tf.shape(ids), seed=self._seeds)
            who = tf.where(chance < self._id_dropout, 0, ids)
        parts = self.known_of(who)
        if self._history is not None:
            parts += self._history(self.watched, ids, targets, training=training)
        return with_one(self.vectors(parts, training))

    def of_films(self, movies, weights=None):
        """Returns cold-start users' vectors, float32 [B, d + 1], given `movies`, ragged int32 [B, (n)].

        `weights` are as in `RetrievalModel.vectors_of_history`.
        """
        parts = tf.repeat(self.nobody(), movies.nrows(), axis=0)
        if self.watched is not None:
            parts += pooled(self.watched, movies, weights=weights)
        return with_one(through(self.dense, parts))

    def alone(self):
        """Returns the unknown user's own embedding, float32 [1, d], without any feature's."""
        return tf.convert_to_tensor(self._ids)[:1]

    def rows_of(self, feature: str):
        """Returns the trained table of a feature: float32 [keys of the feature, d]."""
        return tf.convert_to_tensor(self._tables[feature][0])

    def nobody(self):
        """Returns the unknown user's embeddings, float32 [1, d], before history and dense layers."""
        return self.known_of(tf.zeros([1], tf.int32))

    @property
    def at_once(self) -> bool:
        """Tells whether XLA can compile the history and the features."""
        return (self._history is None or self._history.at_once) and super().at_once


class ItemTower(Tower):
    """The tower of a film's id, features and title words; the film's bias is the last column."""

    def __init__(self, config: TwoTowerConfig, catalogue: Catalogue, **kwargs):
        named = named_fields(catalogue.description, config.features)
        features = [key for key in named if key in catalogue.description.item_features]
        super().__init__(MOVIE_ID, features, config, catalogue, **kwargs)
        l2 = config.bias_l2
        self._bias = self.add_weight(
            shape=(catalogue.movies, 1),
            initializer="zeros",
            regularizer=GaussianPrior(l2, l2, catalogue.rows),
            name="bias",
        )
        self._tables["bias"] = (self._bias, MOVIE_ID)
        self._words = self._word_table = None
        if config.title_text:
            sets, words = title_words(catalogue.attributes.titles)
            if words:
                self._words = ImplicitSets(sets, limit=len(words), dtype="float32")
                self._word_table = self.table(WORDS, WORDS)
        self.built = True

    def call(self, ids, training=False):
        """Returns the films' vectors: int32 [B] to float32 [B, d + 1]."""
        parts = self.known_of(ids)
        if self._words is not None:
            parts += self._words(self._word_table, ids, xla=True)
        return tf.concat([self.vectors(parts, training), tf.gather(self._bias, ids)], axis=1)


def through(dense: Sequence[keras.layers.Layer], vectors):
    """Applies the layers one after the other."""
    for layer in dense:
        vectors = layer(vectors)
    return vectors


def with_one(vectors):
    """Appends a 1, which the film's bias is multiplied by."""
    return tf.concat([vectors, tf.ones_like(vectors[:, :1])], axis=1)
