"""Matrix factorization of implicit feedback with id embeddings alone: `mf`.

One of its losses is BPR: Rendle, Freudenthaler, Gantner and Schmidt-Thieme, "BPR: Bayesian Personalized
Ranking from Implicit Feedback" (2009). The default, a softmax over the catalogue, has a higher recall.
"""

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.row_keys import row_keys
from trainer.models.base import Weight
from trainer.models.index.exact import frozen
from trainer.models.layers.gaussian_prior import GaussianPrior
from trainer.models.losses import PAIRWISE
from trainer.models.ranking.model import SAMPLE_WEIGHT
from trainer.models.retrieval.config import MfConfig
from trainer.models.retrieval.histories import Histories
from trainer.models.retrieval.model import RetrievalModel
from trainer.models.retrieval.towers import with_one
from trainer.models.samplers import sampler
from trainer.models.tasks import Retrieval


class Mf(RetrievalModel):
    """Matrix factorization with id embeddings: score = ⟨user, film⟩ + the film's bias.

    Cold-start users get vectors by `FoldIn`.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = Mf(MfConfig(dim=4), catalogue)
        >>> model.scores(np.array([1, 2])).shape  # two users; the unknown film comes before the three
        (2, 4)
    """

    def __init__(self, config: MfConfig, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, dtype="float32", **kwargs)
        self._config, self._histories = config, Histories(catalogue.watched)
        self._users = self._table(USER_ID, catalogue.users, config.dim, config.l2)
        self._films = self._table(MOVIE_ID, catalogue.movies, config.dim, config.l2)
        self._bias = self._table("bias", catalogue.movies, 1, config.bias_l2, "zeros")
        # Pairwise losses compare single films, so negatives are drawn evenly. A sampled softmax estimates
        # that of the whole catalogue, which popular films dominate, so negatives are drawn by popularity.
        pairwise = PAIRWISE.get(config.loss)
        drawn_by = config.sampler
        if drawn_by == "auto":
            drawn_by = "uniform" if pairwise else "popularity"
        self._negatives = sampler(drawn_by, catalogue.watchers.lengths, config.negatives)
        self.task = Retrieval(
            remove_accidental_hits=config.loss != "full", loss=pairwise() if pairwise else None
        )
        self.built = True

    def call(self, features):
        """Returns each row's score, float32 [B]."""
        return tf.reduce_sum(
            self.user_vectors(features[USER_ID]) * self.item_vectors(features[MOVIE_ID]), axis=1
        )

    def compute_loss(self, inputs, training=False):
        queries, movies = self.user_vectors(inputs[USER_ID]), inputs[MOVIE_ID]
        weight = inputs.get(SAMPLE_WEIGHT)
        if self._config.loss == "full":
            every = self.item_vectors(tf.range(1, self.catalogue.movies))  # the OOV row is not a candidate
            return self.task(queries, every, sample_weight=weight, positives=movies - 1)
        drawn, expected = self._negatives.draw()
        return self.task(
            queries,
            self.item_vectors(drawn),
            sample_weight=weight,
            candidate_sampling_probability=expected if self._config.loss == "sampled" else None,
            candidate_ids=drawn,
            own_embeddings=self.item_vectors(movies),
            own_ids=movies,
        )

    def user_vectors(self, ids):
        return with_one(tf.gather(self._users, ids))

    def item_vectors(self, ids):
        return tf.concat([tf.gather(self._films, ids), tf.gather(self._bias, ids)], axis=1)

    def vectors_of_history(self, movies, weights=None):
        return self.for_serving().vectors_of_history(movies, weights)

    def weights_by_name(self) -> dict[str, Weight]:
        users, films = (row_keys(self.catalogue, owner) for owner in (USER_ID, MOVIE_ID))
        return {
            USER_ID: Weight(self._users, users),
            MOVIE_ID: Weight(self._films, films),
            "bias": Weight(self._bias, films),
        }

    def for_serving(self) -> keras.layers.Layer:
        vectors = self.item_vectors(tf.range(self.catalogue.movies))
        return FoldIn(self._users, vectors, self._config.l2, self._histories)

    def _table(self, name: str, rows: int, width: int, l2: float, initializer=None) -> keras.Variable:
        return self.add_weight(
            shape=(rows, width),
            initializer=initializer or keras.initializers.RandomNormal(stddev=0.05),
            regularizer=GaussianPrior(l2, l2, self.catalogue.rows),
            name=name,
        )


class FoldIn(keras.layers.Layer):
    """The learned user vectors, and fold-in of cold-start users from the watched films.

    A cold-start user's vector is one Newton step from the unknown user's vector u₀ towards the maximum a
    posteriori estimate under the softmax over the films and the prior: u₀ + (n C + λ I)⁻¹ (Σ v − n m − λ u₀).
    The sum is over the n watched films; m and C are the mean and covariance of the films' vectors under the
    unknown user's softmax. It takes one small linear system. Without any film the vector is u₀.
    """

    def __init__(self, users, films, l2: float, histories: Histories, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._users = frozen(self, "users", users.numpy())
        self._films = frozen(self, "films", films.numpy()[:, :-1])
        share = tf.nn.softmax(tf.linalg.matvec(films[1:], with_one(self._users[:1])[0]))[:, None]
        self._mean = tf.reduce_sum(share * films[1:, :-1], axis=0)
        off = films[1:, :-1] - self._mean
        self._covariance = tf.matmul(off, share * off, transpose_a=True)
        self._l2, self._histories = l2, histories
        self.built = True

    def user_vectors(self, ids):
        return with_one(tf.gather(self._users, ids))

    def vectors_of_history(self, movies, weights=None):
        watched = self._histories.brought(movies)
        films = tf.gather(self._films, watched.values)
        if weights is None:
            count = tf.cast(watched.row_lengths(), tf.float32)[:, None]
        else:
            count, films = tf.reduce_sum(weights, axis=1)[:, None], films * weights.values[:, None]
        nobody, width = self._users[:1], self._films.shape[1]
        sums = tf.math.unsorted_segment_sum(films, watched.value_rowids(), watched.nrows())
        slope = sums - count * self._mean - self._l2 * nobody * tf.sign(count)
        curvature = count[..., None] * self._covariance + tf.maximum(self._l2, 1e-3) * tf.eye(width)
        step = tf.linalg.cholesky_solve(tf.linalg.cholesky(curvature), slope[..., None])[..., 0]
        return with_one(nobody + step)
