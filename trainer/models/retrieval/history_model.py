"""The base class of models that represent a user by the watched films alone."""

import keras
import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.models.index.exact import frozen
from trainer.models.retrieval.histories import Histories
from trainer.models.retrieval.model import RetrievalModel

BLOCK = 256  # users per block when all users' vectors are computed


class HistoryModel(RetrievalModel):
    """The base class of models without user embeddings; a subclass sets `encoder`, a layer over histories.

    The encoder's `encode` takes ragged int32 [B, (n)], known films in time order, each once, and maybe their
    weights, ragged float32 [B, (n)] (`trainer.models.layers.pooled.relative`). It returns float32 [B, d].

    Args:
        catalogue: the catalogue of train.
        latest: the number of a user's films that count, the latest ones; None: all.

    Attributes:
        histories: the histories of all users.
    """

    def __init__(self, catalogue: Catalogue, latest: int | None = None, **kwargs):
        super().__init__(catalogue, dtype="float32", **kwargs)
        self.histories = Histories(catalogue.watched, latest)

    @property
    def compilable(self) -> bool:
        """Tells whether XLA can compile a training step."""
        return False

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        if self.jit_compile and not self.compilable:
            raise TrainingError(
                f"train.xla is on, but histories of any length are not for XLA in a {type(self).__name__}.",
                "Set train.xla to false.",
            )

    def call(self, features):
        """Returns each row's score, float32 [B]."""
        return tf.reduce_sum(
            self.user_vectors(features[USER_ID]) * self.item_vectors(features[MOVIE_ID]), axis=1
        )

    def user_vectors(self, ids):
        return self.encoder.encode(self.histories.of(ids))

    def vectors_of_history(self, movies, weights=None):
        return encoded(self.encoder, self.histories, movies, weights)

    def for_serving(self) -> keras.layers.Layer:
        users = np.arange(self.catalogue.users)
        blocks = [users[start : start + BLOCK] for start in range(0, len(users), BLOCK)]
        return FoldedHistories(
            self.encoder, self.histories, np.concatenate([self.user_vectors(each).numpy() for each in blocks])
        )


class FoldedHistories(keras.layers.Layer):
    """A trained model for serving: stores one vector per user, and encodes only the histories in requests."""

    def __init__(self, encoder: keras.layers.Layer, histories: Histories, users: np.ndarray, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._encoder, self._histories = encoder, histories
        self._users = frozen(self, "users", users)
        self.built = True

    def user_vectors(self, ids):
        return tf.gather(self._users, ids)

    def vectors_of_history(self, movies, weights=None):
        return encoded(self._encoder, self._histories, movies, weights)


def encoded(encoder: keras.layers.Layer, histories: Histories, movies, weights=None):
    """Encodes the histories of a request; arguments as in `RetrievalModel.vectors_of_history`."""
    if weights is None:
        return encoder.encode(histories.brought(movies))
    return encoder.encode(histories.latest(movies), histories.latest(weights))
