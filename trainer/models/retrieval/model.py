"""What every retrieval model has in common: vectors on both sides, and a score that is their product."""

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue, Ragged
from trainer.models.base import Model


class RetrievalModel(Model):
    """A subclass defines both sides' vectors, and `compute_loss`.

    In training, features are `user_id` and `movie_id`, int32 [B]; maybe `sample_weight`, float32 [B].
    """

    monitor_mode = "max"

    def __init__(self, catalogue: Catalogue, **kwargs):
        super().__init__(**kwargs)
        self.catalogue = catalogue

    def user_vectors(self, ids):
        """int32 [B] (0: unknown) to float32 [B, d]."""
        raise NotImplementedError

    def item_vectors(self, ids):
        """int32 [B] to float32 [B, d]."""
        raise NotImplementedError

    def vectors_of_history(self, movies):
        """Someone whom train does not know, by what they have watched.

        Args:
            movies: ragged int32 [B, (n)]; unknown films (0) count for nothing, and so does repetition.

        Returns:
            float32 [B, d].
        """
        raise NotImplementedError

    def candidates_drawn_from(self, positives: np.ndarray) -> None:
        """Told before training how many positives each film has, int [movies]; most kinds need not know."""

    def scores(self, users: np.ndarray) -> np.ndarray:
        """All films' scores, float32 [B, movies], for int32 [B]: what evaluation ranks by."""
        items = self.item_vectors(tf.range(self.catalogue.movies))
        return tf.matmul(self.user_vectors(tf.constant(users)), items, transpose_b=True).numpy()

    def scores_of_histories(self, histories: Ragged) -> np.ndarray:
        """All films' scores for people whom train does not know, float32 [rows of `histories`, movies]."""
        items = self.item_vectors(tf.range(self.catalogue.movies))
        brought = tf.RaggedTensor.from_row_splits(histories.values, histories.splits)
        return tf.matmul(self.vectors_of_history(brought), items, transpose_b=True).numpy()

    def visitors(self) -> keras.layers.Layer | None:
        """What answers a history that a request brings, where that is not `vectors_of_history`.

        Returns:
            A layer with `scores`, from ragged int32 [B, (n)], known films, each once, to float32
            [B, movies - 1], of the films from id 1; or None.
        """
        return None

    def for_serving(self) -> keras.layers.Layer:
        """A layer that has `user_vectors` and `vectors_of_history`, as cheaply as they can be had."""
        return self
