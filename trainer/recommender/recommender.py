"""The graph of a recommender: retrieve, leave out what was seen, rate, order."""

import tensorflow as tf

from trainer.features import MOVIE_ID, MOVIE_TITLE, USER_ID, USER_RATING
from trainer.recommender.parts import Part
from trainer.retrieval.server import EXCLUDE_SEEN, SCORE, K

LENGTH = 10  # of an answer that names no k


class Recommender(tf.Module):
    """Strings in, films to watch out.

    A plain tf.Module that holds the variables and tables of both parts: `tf.saved_model.save` is right for
    it, as it is not for a Keras model.

    Args:
        ranking: with `rate_ids`.
        retrieval: with `candidates` and `candidates_from_history`.
        candidates, rating_weight: as in `trainer.recommender.assemble`.
    """

    def __init__(self, ranking: Part, retrieval: Part, candidates: int, rating_weight: float):
        super().__init__(name="recommender")
        self.resources = [*ranking.resources, *retrieval.resources]
        self._rate = ranking.calls["rate_ids"]
        self._of_user = retrieval.calls["candidates"]
        self._of_history = retrieval.calls["candidates_from_history"]
        self._candidates, self._weight = candidates, rating_weight

    def signatures(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """The contract's three."""
        user_id = tf.TensorSpec([None], tf.string, name=USER_ID)
        movie_title = tf.TensorSpec([None, None], tf.string, name=MOVIE_TITLE)
        k, exclude_seen = tf.TensorSpec([], tf.int32, name=K), tf.TensorSpec([], tf.bool, name=EXCLUDE_SEEN)
        return {
            "serving_default": tf.function(self.recommend_default).get_concrete_function(user_id),
            "recommend": tf.function(self.recommend).get_concrete_function(user_id, k, exclude_seen),
            "recommend_from_history": tf.function(self.recommend_from_history).get_concrete_function(
                movie_title, k
            ),
        }

    def recommend_default(self, user_id):
        return self.recommend(user_id, tf.constant(LENGTH), tf.constant(True))

    def recommend(self, user_id, k, exclude_seen):
        found = self._of_user(user_id=user_id, k=self._retrieved(k), exclude_seen=exclude_seen)
        return self._ordered(user_id, found, k)

    def recommend_from_history(self, movie_title, k):
        found = self._of_history(movie_title=movie_title, k=self._retrieved(k))
        return self._ordered(tf.fill(tf.shape(movie_title)[:1], ""), found, k)

    def _retrieved(self, k):
        return tf.maximum(k, self._candidates)

    def _ordered(self, user_id, found, k):
        """Rates what was retrieved for each user and orders it; of equal scores the nearer film is first."""
        movie_id = found[MOVIE_ID]
        shape = tf.shape(movie_id)
        pairs = {USER_ID: tf.repeat(user_id, shape[1]), MOVIE_ID: tf.reshape(movie_id, [-1])}
        rating = tf.reshape(self._rate(**pairs)[USER_RATING], shape)
        score = found[SCORE] + self._weight * rating
        film = movie_id != ""  # and not what pads a row
        length = tf.minimum(tf.maximum(k, 1), shape[1])
        best = tf.math.top_k(tf.where(film, score, -float("inf")), length).indices
        columns = {
            MOVIE_ID: movie_id,
            MOVIE_TITLE: found[MOVIE_TITLE],
            USER_RATING: tf.where(film, rating, 0.0),
            SCORE: tf.where(film, score, 0.0),
        }
        return {name: tf.gather(column, best, batch_dims=1) for name, column in columns.items()}
