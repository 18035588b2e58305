"""A `recommender` and a `retrieval` that are small enough to know by heart, as SavedModels.

A film's vector has a place for each genre; a user's is the sum over the films watched. The score is their
product and a little for popularity; the rating is 3 and a tenth of the product.
"""

import json
from pathlib import Path

import tensorflow as tf

# id, title, genres, ratings; the most rated first
FILMS = [
    ("50", "Star Wars (1977)", "Action|Sci-Fi", 580),
    ("183", "Alien (1979)", "Horror|Sci-Fi|Thriller", 291),
    ("176", "Aliens (1986)", "Action|Horror|Sci-Fi", 284),
    ("1", "Toy Story (1995)", "Animation|Children's|Comedy", 452),
    ("2571", "Matrix, The (1999)", "Action|Sci-Fi", 200),
    ("4973", "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)", "Comedy|Romance", 150),
    ("9", "Silent Night [draft] (1912)", "", 1),
]
GENRES = ["Action", "Animation", "Children's", "Comedy", "Horror", "Romance", "Sci-Fi", "Thriller"]
WATCHED = {"u1": ["183", "1"], "u2": ["50", "183", "176", "1", "2571", "4973", "9"], "u3": ["4973"]}

OF_FILMS = {"nouns": {"item": "film"}, "feedback": "explicit", "grouping": "genres"}

# What a recommender that knows people by features says of these.
OF_USERS = {
    "country": {"type": "category", "values": ["US", "FR"], "complete": True, "prefix": None},
    "age": {"type": "number", "low": 7.0, "high": 73.0},
    "joined": {"type": "time", "low": 8.7e8, "high": 8.9e8},
    "hobbies": {"type": "categories", "values": ["chess", "skiing"], "complete": True},
}

_K = tf.TensorSpec([], tf.int32, name="k")


def export_tiny(
    models: Path,
    watched: dict[str, list[str]] = WATCHED,
    version: int = 1,
    description: dict = OF_FILMS,
    of_users: bool = False,
) -> None:
    """Writes `<models>/{recommender,retrieval}/<version>`, with the users in `assets.extra/user_ids.txt`.

    If `of_users`, the recommender knows people by OF_USERS too.
    """
    tiny = Tiny(watched)
    if of_users:
        description = {**description, "user_features": OF_USERS}
    for name, signatures in tiny.signatures(of_users).items():
        folder = models / name / str(version)
        tf.saved_model.save(tiny, str(folder), signatures=signatures)
        (folder / "assets.extra").mkdir()
        (folder / "assets.extra" / "user_ids.txt").write_text("".join(f"{user}\n" for user in watched))
        (folder / "assets.extra" / "description.json").write_text(json.dumps(description))


class Tiny(tf.Module):
    """Film 0 and user 0 are the unknown ones."""

    def __init__(self, watched):
        super().__init__()
        ids, titles, genres, ratings = zip(*FILMS, strict=True)
        self.id, self.title = tf.constant(["", *ids]), tf.constant(["", *titles])
        self.genres, self.ratings = tf.constant(["", *genres]), tf.constant([0, *ratings])
        has = [[float(genre in each.split("|")) for genre in GENRES] for each in ("", *genres)]
        self.vector = tf.constant(has)
        self.by_id, self.by_title, self.user = _table(ids), _table(titles), _table(list(watched))
        place = {film: number for number, film in enumerate(ids, start=1)}
        self.seen = tf.ragged.constant(
            [[], *([place[f] for f in each] for each in watched.values())]
        ).to_tensor()

    def signatures(self, of_users=False):
        def function(call, *specs):
            return tf.function(call, input_signature=specs)

        user, movie = (
            tf.TensorSpec([None], tf.string, "user_id"),
            tf.TensorSpec([None], tf.string, "movie_id"),
        )
        movies = tf.TensorSpec([None, None], tf.string, "movie_id")
        titles = tf.TensorSpec([None, None], tf.string, "movie_title")
        exclude = tf.TensorSpec([], tf.bool, "exclude_seen")
        people = {
            "recommend_for_history_of_user": function(
                self.recommend_to_people,
                movies,
                tf.TensorSpec([None, None], tf.float32, "weight"),
                _K,
                tf.TensorSpec([None], tf.string, "country"),
                tf.TensorSpec([None], tf.float32, "age"),
                tf.TensorSpec([None], tf.int64, "joined"),
                tf.TensorSpec([None, None], tf.string, "hobbies"),
            )
        }
        return {
            "recommender": {
                **(people if of_users else {}),
                "serving_default": function(lambda user_id: self.recommend(user_id, 10, True), user),
                "recommend": function(self.recommend, user, _K, exclude),
                "recommend_from_history": function(
                    lambda movie_title, k: self._best(self.by_title.lookup(movie_title), k, True), titles, _K
                ),
                "recommend_for_history": function(
                    lambda movie_id, weight, k: self._best(self.by_id.lookup(movie_id), k, True, weight),
                    movies,
                    tf.TensorSpec([None, None], tf.float32, "weight"),
                    _K,
                ),
            },
            "retrieval": {
                "serving_default": function(lambda user_id: self.retrieve(user_id, 100), user),
                "retrieve": function(self.retrieve, user, _K),
                "describe": function(self.describe, movie),
                "because": function(
                    lambda user_id, movie_id: self._because(self._watched(user_id), movie_id), user, movies
                ),
                "because_of_history": function(
                    lambda movie_title, movie_id: self._because(self.by_title.lookup(movie_title), movie_id),
                    titles,
                    movies,
                ),
                "because_for_history": function(
                    lambda history_id, movie_id: self._because(self.by_id.lookup(history_id), movie_id),
                    tf.TensorSpec([None, None], tf.string, "history_id"),
                    movies,
                ),
            },
        }

    def recommend(self, user_id, k, exclude_seen):
        return self._best(self._watched(user_id), k, exclude_seen)

    def retrieve(self, user_id, k):
        found = self._best(self._watched(user_id), k, False)
        return {name: found[name] for name in ("movie_id", "movie_title", "score")}

    def recommend_to_people(self, movie_id, weight, k, country, age, joined, hobbies):
        """People of the US like action, under 12 what is for children, and who skis romance.

        Who has joined after 2000 sees one film more.
        """
        said = {
            "Action": country == "US",
            "Children's": age < 12,
            "Romance": tf.reduce_any(hobbies == "skiing", axis=1),
        }
        likes = tf.add_n(
            [
                tf.one_hot([GENRES.index(genre)], 8) * tf.cast(yes, tf.float32)[:, None]
                for genre, yes in said.items()
            ]
        )
        k += tf.cast(tf.reduce_any(joined > 946_684_800), tf.int32)
        return self._best(self.by_id.lookup(movie_id), k, True, weight, 2 * likes)

    def describe(self, movie_id):
        film = self.by_id.lookup(movie_id)
        each = {"movie_title": self.title, "movie_genres": self.genres, "ratings": self.ratings}
        return {name: tf.gather(values, film) for name, values in each.items()}

    def _watched(self, user_id):
        return tf.gather(self.seen, self.user.lookup(user_id))

    def _best(self, watched, k, exclude_seen, weight=None, said=0.0):
        vectors = tf.gather(self.vector, watched)
        likes = tf.reduce_sum(vectors if weight is None else vectors * weight[..., None], axis=1)
        product = tf.matmul(likes + said, self.vector, transpose_b=True)
        score = product + tf.cast(self.ratings, tf.float32) / 1000
        is_seen = tf.reduce_max(tf.one_hot(watched, len(FILMS) + 1), axis=1) > 0
        no_film = tf.one_hot(0, len(FILMS) + 1) > 0
        gone = (is_seen & exclude_seen) | no_film
        left = tf.reduce_max(tf.reduce_sum(tf.cast(~gone, tf.int32), axis=1))
        top, film = tf.math.top_k(tf.where(gone, -1e9, score), tf.minimum(tf.maximum(k, 1), left))
        there = top > -1e8
        film = tf.where(there, film, 0)
        rating = 3 + tf.gather(product, film, batch_dims=1) / 10
        return {
            "movie_id": tf.gather(self.id, film),
            "movie_title": tf.gather(self.title, film),
            "user_rating": tf.where(there, rating, 0.0),
            "score": tf.where(there, top, 0.0),
        }

    def _because(self, watched, movie_id):
        film = self.by_id.lookup(movie_id)
        unit = tf.math.l2_normalize(self.vector, axis=1)
        alike = tf.matmul(tf.gather(unit, film), tf.gather(unit, watched), transpose_b=True)
        itself = film[:, :, None] == watched[:, None, :]
        alike = tf.where(itself | (watched == 0)[:, None, :], -1.0, alike)
        alike = tf.pad(alike, [[0, 0], [0, 0], [1, 0]], constant_values=-0.5)  # nothing, unless there is one
        best = tf.argmax(alike, axis=2)
        reason = tf.gather(tf.pad(watched, [[0, 0], [1, 0]]), best, batch_dims=1)
        similarity = tf.where(best > 0, tf.reduce_max(alike, axis=2), 0.0)
        return {"movie_title": tf.gather(self.title, reason), "similarity": similarity}


def _table(keys):
    rows = tf.range(1, len(keys) + 1)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tf.constant(keys), rows), 0)
