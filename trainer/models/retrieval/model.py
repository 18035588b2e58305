"""The base class of retrieval models: vectors of users and films whose inner product is the score."""

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue, Ragged
from trainer.models.base import Model


class RetrievalModel(Model):
    """The base class of retrieval models; a subclass defines both sides' vectors and `compute_loss`.

    In training, features are `user_id` and `movie_id`, int32 [B]; maybe `sample_weight`, float32 [B].
    """

    monitor_mode = "max"
    #: Keys of the features of users that the layer of `for_serving` knows people by (`vectors_of_given`).
    user_features: tuple[str, ...] = ()

    def __init__(self, catalogue: Catalogue, **kwargs):
        super().__init__(**kwargs)
        self.catalogue = catalogue

    def user_vectors(self, ids):
        """Returns the users' vectors: int32 [B] (0: unknown) to float32 [B, d]."""
        raise NotImplementedError

    def item_vectors(self, ids):
        """Returns the films' vectors: int32 [B] to float32 [B, d]."""
        raise NotImplementedError

    def vectors_of_history(self, movies, weights=None):
        """Returns the vectors of cold-start users, given the films they have watched.

        Args:
            movies: ragged int32 [B, (n)]; unknown (0) and repeated films are ignored.
            weights: ragged float32 [B, (n)], how much each film counts (`trainer.models.layers.pooled`'s
                `relative`), if all films are known and none is repeated; None: all count alike.

        Returns:
            float32 [B, d].
        """
        raise NotImplementedError

    def candidates_drawn_from(self, positives: np.ndarray) -> None:
        """Receives the number of positives per film, int [movies], before training; most kinds ignore it."""

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns all films' scores, float32 [B, movies], for users, int32 [B]: evaluation ranks by them."""
        items = self.item_vectors(tf.range(self.catalogue.movies))
        return tf.matmul(self.user_vectors(tf.constant(users)), items, transpose_b=True).numpy()

    def scores_of_histories(self, histories: Ragged) -> np.ndarray:
        """Returns all films' scores for cold-start users, float32 [rows of `histories`, movies]."""
        items = self.item_vectors(tf.range(self.catalogue.movies))
        brought = tf.RaggedTensor.from_row_splits(histories.values, histories.splits)
        return tf.matmul(self.vectors_of_history(brought), items, transpose_b=True).numpy()

    def visitors(
        self, catalogue: Catalogue | None = None, vectors: np.ndarray | None = None
    ) -> keras.layers.Layer | None:
        """Returns the layer that scores a request's history, if `vectors_of_history` does not.

        Args:
            catalogue: the catalogue of the films to score, if there are others behind the model's own.
            vectors: float32 [movies of `catalogue`, d], their vectors.

        Returns:
            A layer whose `scores` takes ragged int32 [B, (n)], known films, each once, and maybe their
            weights as `vectors_of_history` does, and returns float32 [B, movies - 1], the scores of the films
            from id 1; or None. It has to be there if the model has `user_features`: then `scores` takes
            `lead`, float32 [B, movies - 1], by how much each film is nearer to a person of these features
            than to the unknown user.
        """
        return None

    def for_serving(self) -> keras.layers.Layer:
        """Returns a layer with `user_vectors` and `vectors_of_history` at the lowest cost.

        If the model has `user_features`, the layer's `vectors_of_given` takes columns of all of them
        (`trainer.data.tables.given`) and returns the vectors of people of whom nothing else is known,
        float32 [B, d].
        """
        return self
