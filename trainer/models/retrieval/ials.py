"""Matrix factorization of everything watched and not watched, by alternating least squares: `ials`.

Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (2008): every pair of a user
and a film is an example, 1 if it was watched, of weight 1 + confidence, and else 0, of weight 1. Given the
films' vectors each user's is the solution of a small system, and the other way round. So a user needs no
vector of their own: whatever history a request brings is solved for. The frequency scaling of the penalty is
that of Rendle, Krichene, Zhang and Koren, "Revisiting the Performance of iALS on Item Recommendation
Benchmarks" (2021), here with a mean of 1 over users (films), so that the penalty keeps its size.
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

ENTRIES = 1 << 14  # vectors that are gathered at once, padding among them
ROWS = 512  # systems that are solved at once, at most


class Ials(SolvedModel):
    """score = ⟨user, film⟩; someone new is given what most watch."""

    def __init__(self, config: IalsConfig, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, **kwargs)
        self._films = self.add_weight(
            shape=(catalogue.movies, config.dim),
            initializer=keras.initializers.RandomNormal(stddev=0.1),
            name="movie_id",
        )
        # No film, and one that nobody watched, is nowhere.
        known = (catalogue.watchers.lengths > 0)[:, None]
        self._films.assign(self._films * known.astype(np.float32))
        self._watchers = Histories(catalogue.watchers).everyones
        users, films = (self.histories.everyones.row_lengths(), self._watchers.row_lengths())
        self._of_users = Penalty(config, users, catalogue.movies - 1)
        self._of_films = Penalty(config, films, catalogue.users - 1)
        self.encoder = FoldIn(config, self._films, self._of_users)
        self._confidence = config.confidence
        self.built = True

    def solve(self):
        users = self.encoder.solutions(self.histories.everyones)
        films = solved(users, self._watchers, self._confidence, self._of_films)
        self._films.assign(films)
        return self._error(users)

    def item_vectors(self, ids):
        return with_popularity(tf.gather(self._films, ids), tf.gather(self.popularity, ids))

    def weights_by_name(self) -> dict[str, Weight]:
        return {MOVIE_ID: Weight(self._films, row_keys(self.catalogue, MOVIE_ID))}

    def _error(self, users):
        """The mean weighted squared error over all pairs: Σ s² over all, and what is watched on top."""
        films, watched = tf.convert_to_tensor(self._films), self.histories.everyones
        everything = tf.reduce_sum(
            tf.matmul(users, users, transpose_a=True) * tf.matmul(films, films, transpose_a=True)
        )
        scores = tf.reduce_sum(
            tf.gather(users, watched.value_rowids()) * tf.gather(films, watched.values), axis=1
        )
        found = tf.reduce_sum((1 + self._confidence) * (1 - scores) ** 2 - scores**2)
        return (everything + found) / float((self.catalogue.users - 1) * (self.catalogue.movies - 1))


class Penalty:
    """What the square of a vector costs, by how many examples of weight its owner has.

    Args:
        config: of the model.
        lengths: int64 [rows], how many films each user has watched (or users each film), row 0 the unknown.
        others: how many films (users) there are.
    """

    def __init__(self, config: IalsConfig, lengths, others: int):
        self._config, self._others = config, float(others)
        self._mean = tf.reduce_mean(self._scale(lengths[1:]))

    def __call__(self, lengths):
        """int64 [B] to float32 [B]."""
        return self._config.l2 * self._scale(lengths) / self._mean

    def _scale(self, lengths):
        weight = self._config.confidence * tf.cast(lengths, tf.float32) + self._others
        return weight**self._config.frequency_scaling


class FoldIn(keras.layers.Layer):
    """Users' vectors, solved for from their films."""

    def __init__(self, config: IalsConfig, films: keras.Variable, penalty: Penalty, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self._films, self._penalty, self._confidence = films, penalty, config.confidence
        self.built = True

    def encode(self, histories):
        return with_emptiness(self.solutions(histories), histories)

    def solutions(self, histories):
        """Ragged int32 [B, (n)] to float32 [B, d]."""
        return solved(tf.convert_to_tensor(self._films), histories, self._confidence, self._penalty)


def solved(factors, watched, confidence: float, penalty: Penalty):
    """For each row r of `watched` the x that minimizes Σ w (s − ⟨x, factors⟩)² + penalty · ‖x‖².

    Args:
        factors: float32 [others, d]; row 0 is zero.
        watched: ragged int32 [B, (n)], the rows of `factors` whose target s is 1 and weight w 1 + confidence;
            all others have 0 and 1.
        confidence: from 0.
        penalty: from the number of a row's members to its penalty.

    Returns:
        float32 [B, d]; zeros for a row without members.
    """
    width, rows = factors.shape[1], tf.cast(watched.nrows(), tf.int32)
    gram = tf.matmul(factors, factors, transpose_a=True)
    lengths = watched.row_lengths()
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)  # little padding in a block

    def block(start, found):
        longest = tf.cast(tf.maximum(lengths[order[start]], 1), tf.int32)
        some = order[start : start + tf.clip_by_value(ENTRIES // longest, 1, ROWS)]
        members = tf.gather(factors, tf.gather(watched, some).to_tensor())  # padded with row 0: zeros
        system = gram + confidence * tf.matmul(members, members, transpose_a=True)
        penalties = penalty(tf.gather(lengths, some))[:, None, None] * tf.eye(width)
        wanted = (1 + confidence) * tf.reduce_sum(members, axis=1)[..., None]
        solutions = tf.linalg.cholesky_solve(tf.linalg.cholesky(system + penalties), wanted)[..., 0]
        return start + tf.size(some), tf.tensor_scatter_nd_update(found, some[:, None], solutions)

    return tf.while_loop(
        lambda start, _: start < rows, block, (tf.constant(0), tf.zeros([rows, width])), parallel_iterations=1
    )[1]
