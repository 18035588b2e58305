"""A variational autoencoder with a multinomial likelihood: `multvae`.

Liang, Krishnan, Hoffman and Jebara, "Variational Autoencoders for Collaborative Filtering" (2018): a user's
multi-hot history, scaled to length 1 and with dropout, is encoded as a normal distribution over codes. From a
sampled code, a softmax over the films reconstructs the whole history. The divergence of the code from a
standard normal has a smaller weight than in the evidence lower bound, and is annealed.
"""

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.row_keys import row_keys
from trainer.models.base import Weight
from trainer.models.retrieval.config import MultvaeConfig
from trainer.models.retrieval.histories import multi_hot
from trainer.models.retrieval.history_model import HistoryModel
from trainer.models.retrieval.towers import with_one


class Multvae(HistoryModel):
    """A variational autoencoder: score = ⟨the decoder's last hidden layer, the film's weights⟩ + its bias."""

    def __init__(self, config: MultvaeConfig, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, **kwargs)
        self._config = config
        self.encoder = Code(config, catalogue)
        # One row per film, so that a warm start finds the rows again when the catalogue has grown.
        self._films = self.add_weight(
            shape=(catalogue.movies, config.hidden), initializer="glorot_uniform", name=MOVIE_ID
        )
        self._bias = self.add_weight(shape=(catalogue.movies, 1), initializer="zeros", name="bias")
        self._steps = self.add_weight(
            shape=(), initializer="zeros", trainable=False, aggregation="only_first_replica", name="steps"
        )
        self.built = True

    def compute_loss(self, inputs, training=False):
        histories = self.histories.of(inputs[USER_ID])
        watched = multi_hot(histories, self.catalogue.movies)
        weights = self.histories.weights_of(inputs[USER_ID])
        wanted = watched if weights is None else multi_hot(histories, self.catalogue.movies, weights)
        hidden, mean, log_variance = self.encoder.through_code(watched, training)
        scores = tf.matmul(
            with_one(hidden), self.item_vectors(tf.range(1, self.catalogue.movies)), False, True
        )
        likelihood = tf.reduce_sum(wanted[:, 1:] * tf.nn.log_softmax(scores), axis=1)
        return tf.reduce_mean(self._beta(training) * divergence(mean, log_variance) - likelihood)

    def item_vectors(self, ids):
        return tf.concat([tf.gather(self._films, ids), tf.gather(self._bias, ids)], axis=1)

    def weights_by_name(self) -> dict[str, Weight]:
        keys = row_keys(self.catalogue, MOVIE_ID)
        named = {f"encoder/{name}": weight for name, weight in self.encoder.weights_by_name(keys).items()}
        return {**named, MOVIE_ID: Weight(self._films, keys), "bias": Weight(self._bias, keys)}

    def _beta(self, training: bool):
        if training:
            self._steps.assign_add(1.0)
        return self._config.beta * tf.minimum(1.0, self._steps / max(1, self._config.anneal_steps))


class Code(keras.layers.Layer):
    """The network from a history through the code to the decoder's last hidden layer."""

    def __init__(self, config: MultvaeConfig, catalogue: Catalogue, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self._movies, self._dim = catalogue.movies, config.dim
        self._watched = self.add_weight(
            shape=(catalogue.movies, config.hidden), initializer="glorot_uniform", name="watched"
        )
        self._bias = self.add_weight(shape=(config.hidden,), initializer="zeros", name="watched_bias")
        self._hide = keras.layers.Dropout(config.dropout, dtype="float32")
        self._code = keras.layers.Dense(2 * config.dim, dtype="float32")
        self._code.build((None, config.hidden))
        self._decode = keras.layers.Dense(config.hidden, activation="tanh", dtype="float32")
        self._decode.build((None, config.dim))
        self._seeds = keras.random.SeedGenerator()
        self.built = True

    def encode(self, histories, weights=None):
        """Encodes histories by the code's mean: ragged int32 [B, (n)] to float32 [B, hidden + 1]."""
        return with_one(self.through_code(multi_hot(histories, self._movies, weights))[0])

    def through_code(self, watched, training=False):
        """Returns (hidden float32 [B, hidden], the code's mean and log variance, float32 [B, dim] each).

        Args:
            watched: float32 [B, movies].
            training: whether dropout is applied to the films, and codes are sampled.
        """
        seen = self._hide(tf.math.l2_normalize(watched, axis=1), training=training)
        encoded = tf.tanh(tf.matmul(seen, self._watched) + self._bias)
        mean, log_variance = tf.split(self._code(encoded), 2, axis=1)
        code = mean
        if training:
            code += tf.exp(log_variance / 2) * keras.random.normal(tf.shape(mean), seed=self._seeds)
        return self._decode(code), mean, log_variance

    def weights_by_name(self, keys: tuple[str, ...]) -> dict[str, Weight]:
        return {
            "watched": Weight(self._watched, keys),
            "watched_bias": Weight(self._bias),
            "code/kernel": Weight(self._code.kernel),
            "code/bias": Weight(self._code.bias),
            "decode/kernel": Weight(self._decode.kernel),
            "decode/bias": Weight(self._decode.bias),
        }


def divergence(mean, log_variance):
    """Returns the Kullback-Leibler divergence from the standard normal: float32 [B, d] to [B]."""
    return 0.5 * tf.reduce_sum(tf.exp(log_variance) + mean**2 - 1 - log_variance, axis=1)
