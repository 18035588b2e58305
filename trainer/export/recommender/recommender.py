"""The graph of a recommender: it retrieves films, leaves out seen ones, rates and orders them."""

import tensorflow as tf

from trainer.data.features import MOVIE_ID, MOVIE_TITLE, USER_ID, USER_RATING
from trainer.data.implicit.events import WORTH
from trainer.export.brought import HISTORY_ID, WEIGHT
from trainer.export.named import renamed
from trainer.export.per_row import each_row, lengths, of_each_row
from trainer.export.ranking import CHANCES, RATE_EVENTS
from trainer.export.recommender.parts import Part
from trainer.export.recommender.points import BY_HISTORY, LEAST
from trainer.export.retrieval_server import EXCLUDE_SEEN, FILMS, SCORE, K
from trainer.export.row_blocks import in_blocks

RATED = {**FILMS, USER_RATING: tf.float32}
LENGTH = 10  # the length of a list if the request has no k


#: Inputs of the parts' signatures for people known by features that are no features.
NO_FEATURES = frozenset({MOVIE_ID, HISTORY_ID, WEIGHT, K})


def given_inputs(*calls) -> dict[str, tf.TensorSpec]:
    """Returns the features of users that signatures of parts take, by name; None among them is none."""
    found: dict[str, tf.TensorSpec] = {}
    for call in calls:
        inputs = {} if call is None else call.structured_input_signature[1]
        found |= {
            name: tf.TensorSpec(spec.shape, spec.dtype, name=name)
            for name, spec in inputs.items()
            if name not in NO_FEATURES
        }
    return found


def _taken(call, given):
    """Returns those of the given features that a part's signature takes."""
    inputs = call.structured_input_signature[1]
    return {name: each for name, each in given.items() if name in inputs}


class Recommender(tf.Module):
    """The served recommender: maps users, or histories, to recommended films.

    It is a plain tf.Module with the variables and tables of both parts: unlike for a Keras model,
    `tf.saved_model.save` works for it.

    Args:
        ranking: a part with `rate_ids`, with `rate_for_history` and `rate_ids_for_history` if it can rate by
            a history, with `rate_ids_for_history_of_user` or `rate_ids_of_user` if it knows people by
            features, with `chances` if its ratings are chances of an interaction, and with `rate_events` if
            it knows types of events.
        retrieval: a part with `candidates`, `candidates_from_history` and `candidates_for_history`, and with
            `candidates_for_history_of_user` if it knows people by features.
        candidates, rating_weight: as in `trainer.export.recommender.assemble`.

    Attributes:
        user_features: the names of the features of users that it takes.
    """

    def __init__(self, ranking: Part, retrieval: Part, candidates: int, rating_weight: float):
        super().__init__(name="recommender")
        self.resources = [*ranking.resources, *retrieval.resources]
        self._rate = ranking.calls.get(RATE_EVENTS, ranking.calls["rate_ids"])
        self._rate_for_history = ranking.calls.get("rate_for_history")
        self._rate_ids_for_history = ranking.calls.get("rate_ids_for_history")
        self._of_user = retrieval.calls["candidates"]
        self._of_history = retrieval.calls["candidates_from_history"]
        self._of_ids = retrieval.calls["candidates_for_history"]
        self._of_ids_of_user = retrieval.calls.get("candidates_for_history_of_user")
        self._rate_of_user = ranking.calls.get("rate_ids_of_user")
        self._rate_for_history_of_user = ranking.calls.get("rate_ids_for_history_of_user")
        self._given = given_inputs(self._of_ids_of_user, self._rate_of_user, self._rate_for_history_of_user)
        self.user_features = tuple(self._given)
        self._candidates, self._weight = candidates, rating_weight
        self._chances = ranking.calls.get(CHANCES)
        self._names = ranking.names

    def signatures(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """Returns the signatures that `trainer.export.recommender.assemble` describes."""
        user_id = self._spec(USER_ID, [None])
        movie_title, movie_id = (self._spec(key, [None, None]) for key in (MOVIE_TITLE, MOVIE_ID))
        weight = tf.TensorSpec([None, None], tf.float32, name=WEIGHT)
        # Of any rank: one value for the batch, or one per row (`trainer.export.per_row`).
        k, exclude_seen = (
            tf.TensorSpec(None, tf.int32, name=K),
            tf.TensorSpec(None, tf.bool, name=EXCLUDE_SEEN),
        )
        of_chances = {}
        if self._chances is not None:
            of_chances[CHANCES] = self._signature(self.chances, user_id, self._spec(MOVIE_ID, [None]))
        of_users = {}
        if self._given:
            of_users["recommend_for_history_of_user"] = self._signature(
                self.recommend_for_history_of_user, movie_id, weight, k, *self._given.values()
            )
        return {
            **of_chances,
            **of_users,
            "serving_default": self._signature(self.recommend_default, user_id),
            "recommend": self._signature(self.recommend, user_id, k, exclude_seen),
            "recommend_from_history": self._signature(self.recommend_from_history, movie_title, k),
            "recommend_for_history": self._signature(self.recommend_for_history, movie_id, weight, k),
        }

    def _spec(self, key: str, shape: list[None]) -> tf.TensorSpec:
        return tf.TensorSpec(shape, tf.string, name=self._names.outside(key))

    def _signature(self, call, *inputs: tf.TensorSpec) -> tf.types.experimental.ConcreteFunction:
        # Loops are TensorFlow's own: AutoGraph would rewrite each function, for a third of the export's time.
        return tf.function(renamed(call, self._names), autograph=False).get_concrete_function(*inputs)

    def chances(self, user_id, movie_id):
        return self._chances(user_id=user_id, movie_id=movie_id)

    def recommend_default(self, user_id):
        return self.recommend(user_id, tf.constant(LENGTH), tf.constant(True))

    def recommend(self, user_id, k, exclude_seen):
        rows = tf.shape(user_id)[0]
        asked, most = lengths(k, rows)
        unseen = each_row(exclude_seen, rows, EXCLUDE_SEEN)

        def of_rows(user_id, unseen, asked):
            found = self._of_user(user_id=user_id, k=self._retrieved(most), exclude_seen=unseen)
            return self._ordered(found, *self._ratings(user_id, found[MOVIE_ID]), asked, most)

        return in_blocks(of_rows, {"user_id": user_id, "unseen": unseen, "asked": asked}, RATED)

    def recommend_from_history(self, movie_title, k):
        asked, most = lengths(k, tf.shape(movie_title)[0])

        def of_rows(movie_title, asked):
            found = self._of_history(movie_title=movie_title, k=self._retrieved(most))
            if self._rate_for_history is None:
                return self._unrated(found, asked, most)
            rated = self._rate_for_history(movie_title=movie_title, movie_id=found[MOVIE_ID])[USER_RATING]
            return self._ordered(found, rated, rated, asked, most, BY_HISTORY)

        return in_blocks(of_rows, {"movie_title": movie_title, "asked": asked}, RATED)

    def recommend_for_history(self, movie_id, weight, k):
        asked, most = lengths(k, tf.shape(movie_id)[0])

        def of_rows(movie_id, weight, asked):
            found = self._of_ids(movie_id=movie_id, weight=weight, k=self._retrieved(most))
            if self._rate_ids_for_history is None:
                return self._unrated(found, asked, most)
            asked_of = {"history_id": movie_id, "weight": weight, "movie_id": found[MOVIE_ID]}
            rated = self._rate_ids_for_history(**asked_of)[USER_RATING]
            return self._ordered(found, rated, rated, asked, most, BY_HISTORY)

        return in_blocks(of_rows, {"movie_id": movie_id, "weight": weight, "asked": asked}, RATED)

    def recommend_for_history_of_user(self, movie_id, weight, k, *given):
        asked, most = lengths(k, tf.shape(movie_id)[0])
        rows = tf.shape(movie_id)[0]
        named = {
            f"given {name}": of_each_row(each, rows, name)
            for name, each in zip(self._given, given, strict=True)
        }

        def of_rows(movie_id, weight, asked, **named):
            given = {name.removeprefix("given "): each for name, each in named.items()}
            brought = {MOVIE_ID: movie_id, WEIGHT: weight, K: self._retrieved(most)}
            if self._of_ids_of_user is None:
                found = self._of_ids(**brought)
            else:
                found = self._of_ids_of_user(**brought, **_taken(self._of_ids_of_user, given))
            films, history = {MOVIE_ID: found[MOVIE_ID]}, {HISTORY_ID: movie_id, WEIGHT: weight}
            if self._rate_for_history_of_user is not None:
                taken = _taken(self._rate_for_history_of_user, given)
                rated = self._rate_for_history_of_user(**history, **films, **taken)
            elif self._rate_of_user is not None:
                rated = self._rate_of_user(**films, **_taken(self._rate_of_user, given))
            elif self._rate_ids_for_history is not None:
                rated = self._rate_ids_for_history(**history, **films)
            else:
                return self._unrated(found, asked, most)
            rating = rated[USER_RATING]
            return self._ordered(found, rating, rating, asked, most, BY_HISTORY)

        return in_blocks(of_rows, {"movie_id": movie_id, "weight": weight, "asked": asked, **named}, RATED)

    def _unrated(self, found, asked, most):
        """Returns films for histories that the ranking model cannot rate by, ordered by nobody's ratings."""
        nobody = tf.fill([tf.shape(found[MOVIE_ID])[0]], "")
        ordered = self._ordered(found, *self._ratings(nobody, found[MOVIE_ID]), asked, most, BY_HISTORY)
        return {**ordered, USER_RATING: tf.zeros_like(ordered[USER_RATING])}

    def _retrieved(self, k):
        return tf.maximum(k, self._candidates)

    def _points(self, rating):
        """Returns what is added to retrieval scores: stars, or the log odds of chances, or of `worth`."""
        if self._chances is None:
            return rating
        chance = tf.clip_by_value(rating, LEAST, 1 - LEAST)
        return tf.math.log(chance / (1 - chance))

    def _ratings(self, user_id, movie_id):
        """Returns the users' ratings of the films and what orders them, which only `worth` is not: [B, n]."""
        shape = tf.shape(movie_id)
        pairs = {USER_ID: tf.repeat(user_id, shape[1]), MOVIE_ID: tf.reshape(movie_id, [-1])}
        rated = self._rate(**pairs)
        by = rated[WORTH] if WORTH in rated else rated[USER_RATING]
        return tf.reshape(rated[USER_RATING], shape), tf.reshape(by, shape)

    def _ordered(self, found, rating, by, asked, most, share=1.0):
        """Returns the retrieved films, ordered by score; ties keep the retrieval order.

        A row's answer does not depend on the other rows: only as many of its films count as would have been
        retrieved for it alone, and its list is padded after `asked` films.
        """
        movie_id = found[MOVIE_ID]
        width = tf.shape(movie_id)[1]
        # Neither padding, nor films that were retrieved only because another row requests more.
        film = (movie_id != "") & tf.sequence_mask(self._retrieved(asked), width)
        score = tf.where(film, found[SCORE] + share * self._weight * self._points(by), -float("inf"))
        best = tf.math.top_k(score, tf.minimum(most, width))
        wanted = (best.values > -float("inf")) & tf.sequence_mask(asked, tf.shape(best.values)[1])
        columns = {
            MOVIE_ID: (movie_id, ""),
            MOVIE_TITLE: (found[MOVIE_TITLE], ""),
            USER_RATING: (rating, 0.0),
            SCORE: (score, 0.0),
        }
        return {
            name: tf.where(wanted, tf.gather(column, best.indices, batch_dims=1), blank)
            for name, (column, blank) in columns.items()
        }
