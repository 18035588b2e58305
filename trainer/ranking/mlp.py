"""The ranking network of the TensorFlow Recommenders tutorial, with side features if asked.

https://www.tensorflow.org/recommenders/examples/basic_ranking
"""

import keras
import tensorflow as tf

from trainer.base import Weight
from trainer.catalogue import Catalogue
from trainer.examples import NO_TIME
from trainer.features import MOVIE_ID, TIMESTAMP, USER_ID
from trainer.ranking.config import Feature, MlpConfig
from trainer.ranking.model import RankingModel
from trainer.row_keys import row_keys
from trainer.side_features import categories, genre_weights, known


class Mlp(RankingModel):
    """Concatenated embeddings through dense ReLU layers to one number, float32 [B]."""

    def __init__(self, config: MlpConfig, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, **kwargs)
        self.features = known(catalogue, config.features)
        self._dim, self._side_dim = config.dim, config.side_dim
        self.user = keras.layers.Embedding(catalogue.users, config.dim)
        self.movie = keras.layers.Embedding(catalogue.movies, config.dim)
        self._tables, self._embeddings = {}, {}
        for feature in self.features:
            if feature not in (Feature.GENRES, Feature.TIME):
                table, count = categories(catalogue, feature)
                self._tables[feature.value] = tf.constant(table)
                self._embeddings[feature.value] = keras.layers.Embedding(count, config.side_dim)
        self._genres = tf.constant(genre_weights(catalogue))
        self._genre_dense = keras.layers.Dense(config.side_dim, use_bias=False, name="genres")
        self.network = keras.Sequential(
            [
                *(keras.layers.Dense(width, activation="relu") for width in config.hidden),
                keras.layers.Dense(1),
            ]
        )

    def call(self, features):
        user, movie = features[USER_ID], features[MOVIE_ID]
        parts = [self.user(user), self.movie(movie)]
        for name, embedding in self._embeddings.items():
            parts.append(embedding(tf.gather(self._tables[name], movie if name == Feature.YEAR else user)))
        if Feature.GENRES in self.features:
            parts.append(self._genre_dense(tf.gather(self._genres, movie)))
        if Feature.TIME in self.features:
            parts.append(tf.cast(self._when(features)[:, None], parts[0].dtype))
        return tf.cast(self.network(tf.concat(parts, axis=1))[:, 0], tf.float32)

    def weights_by_name(self) -> dict[str, Weight]:
        tables = {USER_ID: self.user.embeddings, MOVIE_ID: self.movie.embeddings}
        tables |= {name: embedding.embeddings for name, embedding in self._embeddings.items()}
        if Feature.GENRES in self.features:
            tables[Feature.GENRES.value] = self._genre_dense.kernel
        named = {name: Weight(table, row_keys(self.catalogue, name)) for name, table in tables.items()}
        for place, layer in enumerate(self.network.layers):
            named[f"dense_{place}/kernel"] = Weight(layer.kernel, None if place else self._inputs())
            named[f"dense_{place}/bias"] = Weight(layer.bias)
        return named

    def _inputs(self) -> tuple[str, ...]:
        """What each column of the network's input is, in the order of `call`."""
        widths = {USER_ID: self._dim, MOVIE_ID: self._dim}
        widths |= dict.fromkeys(self._embeddings, self._side_dim)
        if Feature.GENRES in self.features:
            widths[Feature.GENRES.value] = self._side_dim
        if Feature.TIME in self.features:
            widths[Feature.TIME.value] = 1
        return tuple(f"{name} {column}" for name, width in widths.items() for column in range(width))

    def _when(self, features):
        """Train's time range as -1 to 1; a request that gives no time is as of the latest."""
        first, last = self.catalogue.first_time, self.catalogue.last_time
        time = features.get(TIMESTAMP, tf.fill(tf.shape(features[USER_ID]), tf.constant(NO_TIME, tf.int64)))
        time = tf.clip_by_value(tf.where(time == NO_TIME, tf.constant(last, tf.int64), time), first, last)
        return 2.0 * tf.cast(time - first, tf.float32) / (last - first) - 1.0
