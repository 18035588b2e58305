"""The ranking network of the TensorFlow Recommenders tutorial, with side features if asked.

https://www.tensorflow.org/recommenders/examples/basic_ranking
"""

import keras
import tensorflow as tf

from trainer.catalogue import Catalogue
from trainer.examples import NO_TIME
from trainer.features import MOVIE_ID, TIMESTAMP, USER_ID
from trainer.ranking.config import Feature, MlpConfig
from trainer.ranking.model import RankingModel
from trainer.side_features import categories, genre_weights, known


class Mlp(RankingModel):
    """Concatenated embeddings through dense ReLU layers to one number, float32 [B]."""

    def __init__(self, config: MlpConfig, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, **kwargs)
        self.features = known(catalogue, config.features)
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

    def _when(self, features):
        """Train's time range as -1 to 1; a request that gives no time is as of the latest."""
        first, last = self.catalogue.first_time, self.catalogue.last_time
        time = features.get(TIMESTAMP, tf.fill(tf.shape(features[USER_ID]), tf.constant(NO_TIME, tf.int64)))
        time = tf.clip_by_value(tf.where(time == NO_TIME, tf.constant(last, tf.int64), time), first, last)
        return 2.0 * tf.cast(time - first, tf.float32) / (last - first) - 1.0
