"""Recommendations of two trained models in memory, the same as those of the `Recommender` graph."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from marquee.progress import report
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.implicit.events import WORTH
from trainer.evaluation.metrics.top_k import BLOCK, NOTHING, ranked_lists
from trainer.evaluation.quality import Scores
from trainer.export.recommender.points import log_odds
from trainer.models.ranking.model import RankingModel
from trainer.models.retrieval.model import RetrievalModel

PAIRS = 1 << 16  # pairs that are rated at once


class InMemoryRecommender:
    """Retrieves `candidates` items, rates them, and orders them by both.

    Args:
        ranking, retrieval: the models, trained on the same catalogue.
        candidates, rating_weight: as in `trainer.export.recommender.assemble`.
    """

    def __init__(
        self, ranking: RankingModel, retrieval: RetrievalModel, candidates: int, rating_weight: float
    ):
        self._ranking, self._catalogue = ranking.for_serving(), retrieval.catalogue
        self._scores = _scores(retrieval)
        self._candidates, self._weight = candidates, rating_weight
        self._chances, self._of_events = ranking.chance, ranking.of_events

    def lists(self, users: np.ndarray, k: int, said: str = "") -> np.ndarray:
        """Returns each user's items, best first, without those rated in train; int32 [U, k], -1 for none.

        Args:
            users: int32 [U], user rows; 0 for users whom the models do not know.
            k: the length of the lists.
            said: the text of the progress report; "": no report.
        """
        found = np.full((len(users), k), NOTHING, np.int32)
        for start in range(0, len(users), BLOCK):
            if said:
                report(said, start / len(users))
            rows = users[start : start + BLOCK]
            scores = self._scores(rows)
            width = max(k, self._candidates)

            def known(_: np.ndarray, scores: np.ndarray = scores) -> np.ndarray:
                return scores

            near = ranked_lists(known, rows, width, self._catalogue.watched)
            score = np.take_along_axis(scores, np.maximum(near, 0), axis=1)
            by = self._ordering(np.repeat(rows, near.shape[1]), np.maximum(near, 0).ravel())
            points = log_odds(by) if self._chances else by
            score = score + self._weight * points.reshape(near.shape)
            order = np.argsort(np.where(near == NOTHING, np.inf, -score), axis=1, kind="stable")[:, :k]
            found[start : start + BLOCK, : order.shape[1]] = np.take_along_axis(near, order, axis=1)
        return found

    def ratings(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Returns the expected stars of pairs, float32 [B], without a timestamp, as they are served."""
        return _of_pairs(self._ranking, users, items)

    def _ordering(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Returns what orders pairs beside their retrieval score, float32 [B]: `worth`, or the ratings."""
        if not self._of_events:
            return self.ratings(users, items)
        return _of_pairs(lambda pairs: self._ranking.rate_tasks(pairs)[WORTH], users, items)


def _of_pairs(rate: Callable, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Returns what `rate` says of pairs, float32 [B], block by block."""
    found: list[np.ndarray] = [np.empty(0, np.float32)]
    for start in range(0, len(users), PAIRS):
        block = slice(start, start + PAIRS)
        pairs = {
            USER_ID: tf.constant(users[block], tf.int32),
            MOVIE_ID: tf.constant(items[block], tf.int32),
        }
        found.append(np.asarray(rate(pairs), np.float32))
    return np.concatenate(found)


def _scores(retrieval: RetrievalModel) -> Scores:
    """Returns a faster `RetrievalModel.scores`, which computes the films' vectors only once."""
    served = retrieval.for_serving()
    items = retrieval.item_vectors(tf.range(retrieval.catalogue.movies))
    return lambda users: tf.matmul(served.user_vectors(tf.constant(users)), items, transpose_b=True).numpy()
