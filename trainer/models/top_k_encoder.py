"""A trained retrieval model that predicts the top k films and is evaluated on them."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from trainer.data.features import MOVIE_ID, USER_ID
from trainer.evaluation.metrics.factorized_top_k import FactorizedTopK
from trainer.models.index import ExactIndex
from trainer.models.retrieval.model import RetrievalModel

SCORE = "score"


class TopKEncoder(keras.Model):
    """The counterpart of Merlin's `TopKEncoder`: a trained model's user side and an index of its films.

    `predict` takes batches with `user_id`, int32 [B], and returns `movie_id` int32 and `score` float32,
    [B, k], best first. `evaluate` takes batches that also have `movie_id`, int32 [B], the positive film of
    each row, and returns recall, NDCG and other metrics at every k (`TopKMetrics`). A film that train does
    not know (0) is always missed. The encoder is not trainable.

    Args:
        model: the trained model.
        k: the number of films that `predict` returns.
        ks: the cutoffs of the metrics; None: k alone.
        index: an index of the films' vectors, whose row 0 is the film of id 1; None: an exact one.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> from trainer.models.retrieval.mf import Mf, MfConfig
        >>> encoder = TopKEncoder(Mf(MfConfig(dim=4), catalogue), k=3)
        >>> encoder.compile()
        >>> batches = tf.data.Dataset.from_tensors({"user_id": [1, 2], "movie_id": [3, 1]})
        >>> sorted(encoder.predict(batches, verbose=0)["movie_id"][0].tolist())
        [1, 2, 3]
        >>> encoder.evaluate(batches, verbose=0, return_dict=True)["recall@3"]
        1.0
    """

    def __init__(
        self,
        model: RetrievalModel,
        k: int = 10,
        ks: Sequence[int] | None = None,
        index: keras.layers.Layer | None = None,
        **kwargs,
    ):
        super().__init__(trainable=False, **kwargs)
        films = model.item_vectors(tf.range(1, model.catalogue.movies)).numpy()
        self._k, self._users = k, model.for_serving()
        self._index = index or ExactIndex(films)
        self._metrics_at_k = FactorizedTopK(self._index, ks or (k,))
        self.built = True

    def call(self, features):
        """Returns the top k films and their scores, as `predict` does."""
        scores, rows = self._index(self._users.user_vectors(features[USER_ID]), k=self._k)
        return {MOVIE_ID: rows + 1, SCORE: scores}

    def test_step(self, data):
        self._metrics_at_k.update_state(data[MOVIE_ID][:, None] - 1, self._users.user_vectors(data[USER_ID]))
        return self._metrics_at_k.result()

    @property
    def metrics(self):
        return [self._metrics_at_k]

    def train_step(self, data):
        raise NotImplementedError("A TopKEncoder does not learn: train its model and build another.")
