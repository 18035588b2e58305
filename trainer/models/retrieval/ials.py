"""Matrix factorization of implicit feedback by alternating least squares: `ials`.

Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (2008): every pair of a user
and a film is an example, with target 1 and weight 1 + confidence if it was watched, else with target 0 and
weight 1. Given the films' vectors, each user's vector is the solution of a small linear system, and vice
versa. So users have no embeddings: the vector of any history, also of one in a request, is solved for. The
frequency scaling of the penalty is that of Rendle, Krichene, Zhang and Koren, "Revisiting the Performance of
iALS on Item Recommendation Benchmarks" (2021). Here its mean over users (films) is 1, so that the strength of
the penalty does not depend on it. The strength of an interaction of implicit feedback (an event's weight, or
log(1 + count)) multiplies its confidence.
"""

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID
from trainer.data.row_keys import row_keys
from trainer.models.base import Weight
from trainer.models.retrieval.config import IalsConfig
from trainer.models.retrieval.histories import Histories
from trainer.models.retrieval.solved_model import SolvedModel, with_emptiness, with_popularity

ENTRIES = 1 << 14  # vectors that are gathered at once, padding included
PAIRS = 1 << 18  # watched pairs whose scores are computed at once
ROWS = 512  # the largest number of systems that are solved at once


class Ials(SolvedModel):
    """Implicit matrix factorization: score = ⟨user, film⟩.

    Users without a history get the most popular films.
    """

    def __init__(self, config: IalsConfig, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, **kwargs)
        self._films = self.add_weight(
            shape=(catalogue.movies, config.dim),
            initializer=keras.initializers.RandomNormal(stddev=0.1),
            name="movie_id",
        )
        # The OOV row and films that nobody watched have zero vectors.
        known = (catalogue.watchers.lengths > 0)[:, None]
        self._films.assign(self._films * known.astype(np.float32))
        watchers = Histories(catalogue.watchers)
        self._watchers, self._watcher_weights = watchers.everyones, watchers.weights
        users, films = (self.histories.everyones.row_lengths(), self._watchers.row_lengths())
        self._of_users = Penalty(config, users, catalogue.movies - 1)
        self._of_films = Penalty(config, films, catalogue.users - 1)
        self.encoder = FoldIn(config, self._films, self._of_users)
        self._confidence = config.confidence
        self.built = True

    def solve(self):
        users = self.encoder.solutions(self.histories.everyones, self.histories.weights)
        films = solved(users, self._watchers, self._confidence, self._of_films, self._watcher_weights)
        self._films.assign(films)
        return self._error(users)

    def user_vectors(self, ids):
        return self.encoder.encode(self.histories.of(ids), self.histories.weights_of(ids))

    def item_vectors(self, ids):
        return with_popularity(tf.gather(self._films, ids), tf.gather(self.popularity, ids))

    def weights_by_name(self) -> dict[str, Weight]:
        return {MOVIE_ID: Weight(self._films, row_keys(self.catalogue, MOVIE_ID))}

    def _error(self, users):
        """Returns the mean weighted squared error over all pairs: Σ s², corrected for watched pairs."""
        films, watched = tf.convert_to_tensor(self._films), self.histories.everyones
        everything = tf.reduce_sum(
            tf.matmul(users, users, transpose_a=True) * tf.matmul(films, films, transpose_a=True)
        )
        owners, members, weights = watched.value_rowids(), watched.values, self.histories.weights

        def block(start, found):
            some = slice(start, start + PAIRS)
            scores = tf.reduce_sum(tf.gather(users, owners[some]) * tf.gather(films, members[some]), axis=1)
            confidence = self._confidence * (1.0 if weights is None else weights.values[some])
            of_block = tf.reduce_sum((1 + confidence) * (1 - scores) ** 2 - scores**2)
            return start + PAIRS, found + of_block

        pairs = tf.size(members)
        _, found = tf.while_loop(
            lambda start, _: start < pairs, block, (tf.constant(0), tf.zeros(())), parallel_iterations=1
        )
        return (everything + found) / float((self.catalogue.users - 1) * (self.catalogue.movies - 1))


class Penalty:
    """The regularization strength of a vector, scaled by the summed weight of its owner's examples.

    Args:
        config: the config of the model.
        lengths: int64 [rows], the number of films that each user has watched (or users of each film); row 0
            is the unknown one.
        others: the number of films (users).
    """

    def __init__(self, config: IalsConfig, lengths, others: int):
        self._config, self._others = config, float(others)
        self._mean = tf.reduce_mean(self._scale(lengths[1:]))

    def __call__(self, lengths):
        """Returns the strength, float32 [B], for owners with `lengths` members, int64 [B]."""
        return self._config.l2 * self._scale(lengths) / self._mean

    def _scale(self, lengths):
        weight = self._config.confidence * tf.cast(lengths, tf.float32) + self._others
        return weight**self._config.frequency_scaling


class FoldIn(keras.layers.Layer):
    """An encoder that solves for a user's vector, given the watched films."""

    def __init__(self, config: IalsConfig, films: keras.Variable, penalty: Penalty, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self._films, self._penalty, self._confidence = films, penalty, config.confidence
        self.built = True

    def encode(self, histories, weights=None):
        return with_emptiness(self.solutions(histories, weights), histories)

    def solutions(self, histories, weights=None):
        """Returns the users' vectors for their histories: ragged int32 [B, (n)] to float32 [B, d]."""
        films = tf.convert_to_tensor(self._films)
        return solved(films, histories, self._confidence, self._penalty, weights)


def solved(factors, watched, confidence: float, penalty: Penalty, weights=None):
    """Returns, for each row of `watched`, the x that minimizes Σ w (s − ⟨x, factors⟩)² + penalty · ‖x‖².

    Args:
        factors: float32 [others, d]; row 0 is zero.
        watched: ragged int32 [B, (n)], the rows of `factors` with target s = 1 and weight w = 1 + confidence;
            all other rows have s = 0 and w = 1.
        confidence: the additional weight of watched pairs, at least 0.
        penalty: a function from the number of a row's members to its penalty.
        weights: ragged float32 [B, (n)], by which the confidence of each member is multiplied; 0: as if it
            was none; None: 1.

    Returns:
        float32 [B, d]; zeros for rows without members.
    """
    width, rows = factors.shape[1], tf.cast(watched.nrows(), tf.int32)
    gram = tf.matmul(factors, factors, transpose_a=True)
    lengths = watched.row_lengths()
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)  # so that a block needs little padding

    def block(start, found):
        longest = tf.cast(tf.maximum(lengths[order[start]], 1), tf.int32)
        some = order[start : start + tf.clip_by_value(ENTRIES // longest, 1, ROWS)]
        members = tf.gather(factors, tf.gather(watched, some).to_tensor())  # padded with row 0: zeros
        counted = 1.0 if weights is None else tf.gather(weights, some).to_tensor()[..., None]
        extra = confidence * counted * members
        system = gram + tf.matmul(extra, members, transpose_a=True)
        penalties = penalty(tf.gather(lengths, some))[:, None, None] * tf.eye(width)
        there = members if weights is None else tf.where(counted > 0, members, 0.0)
        wanted = tf.reduce_sum(there + extra, axis=1)[..., None]
        solutions = tf.linalg.cholesky_solve(tf.linalg.cholesky(system + penalties), wanted)[..., 0]
        return start + tf.size(some), tf.tensor_scatter_nd_update(found, some[:, None], solutions)

    return tf.while_loop(
        lambda start, _: start < rows, block, (tf.constant(0), tf.zeros([rows, width])), parallel_iterations=1
    )[1]
