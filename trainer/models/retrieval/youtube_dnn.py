"""Dense layers over the averaged history, trained with a softmax over the films: `youtube_dnn`.

It is the candidate generation of Covington, Adams and Sargin, "Deep Neural Networks for YouTube
Recommendations" (2016), with the history as the only feature of a user.
"""

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.row_keys import row_keys
from trainer.models.base import Weight
from trainer.models.layers.gaussian_prior import GaussianPrior
from trainer.models.layers.pooled import pooled
from trainer.models.ranking.model import SAMPLE_WEIGHT
from trainer.models.retrieval.config import YoutubeDnnConfig
from trainer.models.retrieval.history import WatchedHistory
from trainer.models.retrieval.history_model import HistoryModel
from trainer.models.retrieval.towers import through, with_one
from trainer.models.samplers import sampler
from trainer.models.tasks import Retrieval


class YoutubeDnn(HistoryModel):
    """A dense network over histories: score = ⟨the last dense layer, film⟩ + the film's bias.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = YoutubeDnn(YoutubeDnnConfig(dim=4, hidden=(8,)), catalogue)
        >>> tuple(model.vectors_of_history(tf.ragged.constant([[1, 3], [2]])).shape)  # 4, and 1 for the bias
        (2, 5)
    """

    def __init__(self, config: YoutubeDnnConfig, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, latest=config.history_limit, **kwargs)
        self._config = config
        self.encoder = AveragedHistory(config, catalogue)
        self._films = self.add_weight(
            shape=(catalogue.movies, config.dim),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            regularizer=GaussianPrior(config.l2, config.l2, catalogue.rows),
            name=MOVIE_ID,
        )
        self._bias = self.add_weight(shape=(catalogue.movies, 1), initializer="zeros", name="bias")
        self._sampler = None
        if config.loss == "sampled":
            self._sampler = sampler(config.sampler, catalogue.watchers.lengths, config.negatives)
        self.task = Retrieval(remove_accidental_hits=self._sampler is not None)
        self.built = True

    @property
    def compilable(self) -> bool:
        return self.encoder.at_once

    def compute_loss(self, inputs, training=False):
        users, movies, weight = inputs[USER_ID], inputs[MOVIE_ID], inputs.get(SAMPLE_WEIGHT)
        queries = self.encoder.without(users, movies, training)
        if self._sampler is None:
            every = self.item_vectors(tf.range(1, self.catalogue.movies))  # the OOV row is not a candidate
            return self.task(queries, every, sample_weight=weight, positives=movies - 1)
        drawn, expected = self._sampler.draw()
        return self.task(
            queries,
            self.item_vectors(drawn),
            sample_weight=weight,
            candidate_sampling_probability=expected,
            candidate_ids=drawn,
            own_embeddings=self.item_vectors(movies),
            own_ids=movies,
        )

    def item_vectors(self, ids):
        return tf.concat([tf.gather(self._films, ids), tf.gather(self._bias, ids)], axis=1)

    def weights_by_name(self) -> dict[str, Weight]:
        keys = row_keys(self.catalogue, MOVIE_ID)
        named = {f"encoder/{name}": weight for name, weight in self.encoder.weights_by_name(keys).items()}
        return {**named, MOVIE_ID: Weight(self._films, keys), "bias": Weight(self._bias, keys)}


class AveragedHistory(keras.layers.Layer):
    """Dense layers over the mean of a history's embeddings.

    Attributes:
        at_once: whether XLA can compile its part of a training step.
    """

    def __init__(self, config: YoutubeDnnConfig, catalogue: Catalogue, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self._history = WatchedHistory(
            catalogue.watched, catalogue.movies, config.history_limit, config.history_dropout, mean=True
        )
        self.at_once = self._history.at_once
        self._watched = self.add_weight(
            shape=(catalogue.movies, config.dim),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            regularizer=GaussianPrior(config.l2, config.l2, catalogue.rows),
            name="watched",
        )
        self._dropout = keras.layers.Dropout(config.dropout, dtype="float32")
        self._dense, width = [], config.dim
        for place, units in enumerate((*config.hidden, config.dim)):
            last = place == len(config.hidden)
            layer = keras.layers.Dense(units, activation=None if last else "relu", dtype="float32")
            layer.build((None, width))
            self._dense.append(layer)
            width = units
        self.built = True

    def encode(self, histories, weights=None):
        """Encodes histories: ragged int32 [B, (n)] to float32 [B, dim + 1]."""
        return with_one(through(self._dense, pooled(self._watched, histories, True, weights)))

    def without(self, users, movies, training: bool):
        """Encodes each row's user by a history without the row's film: float32 [B, dim + 1]."""
        states = self._history(self._watched, users, movies, training=training)
        for layer in self._dense:
            states = layer(self._dropout(states, training=training))
        return with_one(states)

    def weights_by_name(self, keys: tuple[str, ...]) -> dict[str, Weight]:
        named = {"watched": Weight(self._watched, keys)}
        for place, layer in enumerate(self._dense):
            named |= {
                f"dense_{place}/kernel": Weight(layer.kernel),
                f"dense_{place}/bias": Weight(layer.bias),
            }
        return named
