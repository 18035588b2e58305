"""A two-tower model, with a user tower and a film tower that can be used alone: `two_tower`.

It is trained as in Covington et al., "Deep Neural Networks for YouTube Recommendations" (2016): a user is
represented mostly by the pooled history, and the loss is a softmax over the films.
"""

import keras
import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.tables.given import sums_of_given, users_names
from trainer.models.base import Weight
from trainer.models.index.exact import frozen
from trainer.models.layers.pooled import pooled
from trainer.models.ranking.model import SAMPLE_WEIGHT
from trainer.models.retrieval.config import TwoTowerConfig
from trainer.models.retrieval.model import RetrievalModel
from trainer.models.retrieval.towers import ItemTower, UserTower, through, with_one
from trainer.models.retrieval.visitors import Visitors
from trainer.models.samplers import sampler
from trainer.models.tasks import Retrieval


class TwoTower(RetrievalModel):
    """Two towers whose inner product is the score, ⟨user, film⟩ + the film's bias.

    A film's vector ends with its bias, and a user's vector with 1.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = TwoTower(TwoTowerConfig(dim=4, features="all"), catalogue)
        >>> model.user_vectors(tf.constant([1, 2])).numpy()[:, -1].tolist()
        [1.0, 1.0]
        >>> tuple(model.item_vectors(tf.constant([3])).shape)
        (1, 5)
    """

    def __init__(self, config: TwoTowerConfig, catalogue: Catalogue, **kwargs):
        # Always float32: sums over hundreds of rows lose too much in half precision, which saves no time.
        super().__init__(catalogue, dtype="float32", **kwargs)
        self._config = config
        self.user_tower = UserTower(config, catalogue)
        self.item_tower = ItemTower(config, catalogue)
        self.user_features = self.user_tower.user_features
        sampled = config.loss != "full"
        self.task = Retrieval(
            temperature=config.temperature,
            hard_negatives=config.hard_negatives or None,
            remove_accidental_hits=sampled and config.accidental_hits,
        )
        self._share = tf.constant(catalogue.watchers.lengths / max(1, catalogue.rows), tf.float32)
        self._negatives = sampler(config.sampler, catalogue.watchers.lengths, config.negatives)
        self.built = True

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        if self.jit_compile and not (self.user_tower.at_once and self.item_tower.at_once):
            raise TrainingError(
                "train.xla is on, but the users' histories are too large to be summed at every step.",
                "Set train.xla to false, or lower model.history_limit.",
            )

    def call(self, features):
        """Returns each row's score, float32 [B]."""
        return tf.reduce_sum(
            self.user_vectors(features[USER_ID]) * self.item_vectors(features[MOVIE_ID]), axis=1
        )

    def compute_loss(self, inputs, training=False):
        users, movies, weight = inputs[USER_ID], inputs[MOVIE_ID], inputs.get(SAMPLE_WEIGHT)
        queries = self.user_tower(users, targets=movies, training=training)
        if self._config.loss == "full":
            every = tf.range(1, self.catalogue.movies)  # the OOV row is not a candidate
            candidates = self.item_tower(every, training=training)
            return self.task(queries, candidates, sample_weight=weight, positives=movies - 1)
        own = self.item_tower(movies, training=training)
        if self._config.loss == "sampled":
            drawn, expected = self._negatives.draw()
            return self.task(
                queries,
                self.item_tower(drawn, training=training),
                sample_weight=weight,
                candidate_sampling_probability=expected if self._config.sampling_correction else None,
                candidate_ids=drawn,
                own_embeddings=own,
                own_ids=movies,
            )
        return self.task(
            queries,
            own,
            sample_weight=weight,
            candidate_sampling_probability=self._chance(movies),
            candidate_ids=movies,
        )

    def user_vectors(self, ids):
        return self.user_tower(ids)

    def item_vectors(self, ids):
        return self.item_tower(ids)

    def vectors_of_history(self, movies, weights=None):
        return self.user_tower.of_films(movies, weights)

    def visitors(
        self, catalogue: Catalogue | None = None, vectors: np.ndarray | None = None
    ) -> keras.layers.Layer:
        """Returns the closed-form counts: the tower was trained on histories far longer than a visitor's."""
        if vectors is None:
            vectors = self.item_vectors(tf.range(self.catalogue.movies)).numpy()
        nobody = self.user_vectors(tf.zeros([1], tf.int32)).numpy()[0]
        return Visitors(catalogue or self.catalogue, vectors[1:] @ nobody)

    def weights_by_name(self) -> dict[str, Weight]:
        towers = {"user_tower": self.user_tower, "item_tower": self.item_tower}
        return {
            f"{tower_name}/{name}": weight
            for tower_name, tower in towers.items()
            for name, weight in tower.weights_by_name().items()
        }

    def for_serving(self) -> keras.layers.Layer:
        return FoldedUsers(self.user_tower, self.catalogue)

    def candidates_drawn_from(self, positives):
        self._share = tf.constant(positives / max(1, positives.sum()), tf.float32)

    def _chance(self, movies):
        """Returns the films' sampling probabilities in a batch, which are their shares of training rows."""
        return tf.gather(self._share, movies) if self._config.sampling_correction else None


class FoldedUsers(keras.layers.Layer):
    """A trained user tower for serving: a vector per user, and tables to encode what requests bring."""

    def __init__(self, tower: UserTower, catalogue: Catalogue, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._users = frozen(self, "users", tower(tf.range(catalogue.users)).numpy())
        names = users_names(catalogue.description, tower.user_features)
        self._given = [
            (name, catalogue.table(key), frozen(self, f"given_{place}", tower.rows_of(key).numpy()))
            for place, (key, name) in enumerate(names.items())
        ]
        self._alone = frozen(self, "alone", tower.alone().numpy()) if self._given else None
        self._nobody = frozen(self, "nobody", tower.nobody().numpy())
        self._watched = frozen(self, "watched", tower.watched.numpy()) if tower.watched is not None else None
        self._dense = list(tower.dense)
        self.built = True

    def user_vectors(self, ids):
        return tf.gather(self._users, ids)

    def vectors_of_given(self, columns):
        """Returns the vectors of people of whom the features are known, and nothing else."""
        sides = [sums_of_given(table, rows, columns[name]) for name, table, rows in self._given]
        return with_one(through(self._dense, self._alone + tf.add_n(sides)))

    def vectors_of_history(self, movies, weights=None):
        parts = tf.repeat(self._nobody, movies.nrows(), axis=0)
        if self._watched is not None:
            parts += pooled(self._watched, movies, weights=weights)
        return with_one(through(self._dense, parts))
