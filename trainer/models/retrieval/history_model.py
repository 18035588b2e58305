"""Models that know a user by what they have watched and by nothing else."""

import keras
import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.models.index.exact import frozen
from trainer.models.retrieval.histories import Histories
from trainer.models.retrieval.model import RetrievalModel

BLOCK = 256  # users whose vectors are computed at once, where everybody's are


class HistoryModel(RetrievalModel):
    """A subclass has an `encoder`: a layer that is given films and gives vectors, the same for everybody.

    Its `encode` takes ragged int32 [B, (n)], known films in time order, each once, and returns
    float32 [B, d].

    Args:
        catalogue: of train.
        latest: how many of someone's films count, the latest; None: all.

    Attributes:
        histories: everyone's.
    """

    def __init__(self, catalogue: Catalogue, latest: int | None = None, **kwargs):
        super().__init__(catalogue, dtype="float32", **kwargs)
        self.histories = Histories(catalogue.watched, latest)

    @property
    def compilable(self) -> bool:
        """Whether XLA can compile a training step."""
        return False

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        if self.jit_compile and not self.compilable:
            raise TrainingError(
                f"train.xla is on, but histories of any length are not for XLA in a {type(self).__name__}.",
                "Set train.xla to false.",
            )

    def call(self, features):
        """Each row's score, float32 [B]."""
        return tf.reduce_sum(
            self.user_vectors(features[USER_ID]) * self.item_vectors(features[MOVIE_ID]), axis=1
        )

    def user_vectors(self, ids):
        return self.encoder.encode(self.histories.of(ids))

    def vectors_of_history(self, movies):
        return self.encoder.encode(self.histories.brought(movies))

    def for_serving(self) -> keras.layers.Layer:
        users = np.arange(self.catalogue.users)
        blocks = [users[start : start + BLOCK] for start in range(0, len(users), BLOCK)]
        return FoldedHistories(
            self.encoder, self.histories, np.concatenate([self.user_vectors(each).numpy() for each in blocks])
        )


class FoldedHistories(keras.layers.Layer):
    """A trained model with a vector a user; only a history that a request brings is encoded."""

    def __init__(self, encoder: keras.layers.Layer, histories: Histories, users: np.ndarray, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._encoder, self._histories = encoder, histories
        self._users = frozen(self, "users", users)
        self.built = True

    def user_vectors(self, ids):
        return tf.gather(self._users, ids)

    def vectors_of_history(self, movies):
        return self._encoder.encode(self._histories.brought(movies))
