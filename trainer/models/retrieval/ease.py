"""An item-item linear autoencoder, `ease`.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019): scores are X B, where X says who watched
what. B minimizes ‖X − X B‖² + λ ‖B‖² with zeros on its diagonal, and has a closed form: with
P = (XᵀX + λ I)⁻¹ it is −P, each column divided by its element on the diagonal. X holds 0 and 1 for implicit
feedback too, however strong an interaction is: weighted elements have no closed form.

With `closeness`, XᵀX is replaced by counts in which a user's pair of films that were watched t seconds apart
counts 1 − closeness · (1 − exp(−t / closeness_seconds)): people watch, or rate, related films one after the
other. This is still a Gram matrix (of users and of their moments), so the closed form holds.
"""

import keras
import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.catalogue import Catalogue
from trainer.models.base import Weight
from trainer.models.retrieval.config import EaseConfig
from trainer.models.retrieval.histories import Histories, multi_hot
from trainer.models.retrieval.history_model import encoded
from trainer.models.retrieval.solved_model import SolvedModel, with_emptiness, with_popularity

MOST_FILMS = 20_000  # 1.6 GB of weights; the inversion in double precision takes several times that
BLOCK = 512  # users per block of the Gram matrix


class Ease(SolvedModel):
    """An item-item linear model: score = ⟨the user's multi-hot history, the film's weights⟩.

    Users without a history get the most popular films.
    """

    def __init__(self, config: EaseConfig, catalogue: Catalogue, **kwargs):
        if catalogue.movies > MOST_FILMS:
            raise TrainingError(
                f"ease learns a weight for each pair of {catalogue.description.nouns.of_items()}, and there "
                f"are {catalogue.movies - 1}: more "
                f"than {MOST_FILMS}.",
                "Choose another model.kind: ials is of the same quality.",
            )
        super().__init__(catalogue, **kwargs)
        self._l2, self._closeness, self._seconds = config.l2, config.closeness, config.closeness_seconds
        self.encoder = Watched(catalogue.movies)
        self._weights = self.add_weight(
            shape=(catalogue.movies, catalogue.movies), initializer="zeros", trainable=False, name="weights"
        )
        self.built = True

    def solve(self):
        starts = tf.range(0, self.catalogue.users, BLOCK)
        films = self.catalogue.movies

        def block(start):
            return multi_hot(self.histories.everyones[start : start + BLOCK], films)

        together = tf.foldl(
            lambda sums, start: sums + tf.matmul(block(start), block(start), transpose_a=True),
            starts,
            tf.zeros([films, films]),
        )
        counted = tf.cast(together, tf.float64)
        if self._closeness:
            # At the time of the solution, and not a constant of the graph, which may hold 2 GB.
            close = tf.ensure_shape(tf.numpy_function(self._close, [], tf.float32), [films, films])
            counted += self._closeness * (tf.cast(close, tf.float64) - counted)
        penalized = counted + self._l2 * tf.eye(films, dtype=tf.float64)
        inverse = tf.linalg.inv(penalized)
        weights = tf.linalg.set_diag(-inverse / tf.linalg.diag_part(inverse), tf.zeros(films, tf.float64))
        self._weights.assign(tf.cast(weights, tf.float32))
        # ‖X − X B‖² = tr((I − B)ᵀ XᵀX (I − B)), so no second pass over the users is needed.
        left = tf.eye(films) - self._weights
        return tf.reduce_sum(left * tf.matmul(together, left)) / float(self.catalogue.users * films)

    def _close(self) -> np.ndarray:
        return close_pairs(self.catalogue, self._seconds)

    def item_vectors(self, ids):
        return with_popularity(tf.gather(tf.transpose(self._weights), ids), tf.gather(self.popularity, ids))

    def weights_by_name(self) -> dict[str, Weight]:
        """Returns nothing: the solution is in closed form, so a warm start has no effect."""
        return {}

    def for_serving(self) -> keras.layers.Layer:
        return ServedHistories(self.encoder, self.histories)


def close_pairs(catalogue: Catalogue, seconds: float) -> np.ndarray:
    """Counts the users who have watched both of two films, each by exp(−t / seconds) of the time between.

    Args:
        catalogue: the catalogue of train.
        seconds: the time between two films at which a user counts 1 / e.

    Returns:
        float32 [movies, movies]; the diagonal holds the numbers of users. A film that a user has watched
        repeatedly counts where it occurs first.
    """
    found = np.zeros((catalogue.movies, catalogue.movies), np.float32)
    watched, times = catalogue.watched, catalogue.watched_times
    for start, end in zip(watched.splits[:-1], watched.splits[1:], strict=True):
        films, first = np.unique(watched.values[start:end], return_index=True)
        when = times[start:end][first].astype(np.float64)
        found[np.ix_(films, films)] += np.exp(-np.abs(when[:, None] - when) / seconds)
    return found


class Watched(keras.layers.Layer):
    """An encoder that returns the multi-hot history: 1 for each film in it."""

    def __init__(self, movies: int, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._movies = movies
        self.built = True

    def encode(self, histories, weights=None):
        return with_emptiness(multi_hot(histories, self._movies, weights), histories)


class ServedHistories(keras.layers.Layer):
    """The users' histories for serving, which take less memory than vectors as wide as the catalogue."""

    def __init__(self, encoder: Watched, histories: Histories, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._encoder, self._histories = encoder, histories
        self.built = True

    def user_vectors(self, ids):
        return self._encoder.encode(self._histories.of(ids))

    def vectors_of_history(self, movies, weights=None):
        return encoded(self._encoder, self._histories, movies, weights)
