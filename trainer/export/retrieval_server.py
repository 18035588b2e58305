"""The signatures of a served retrieval model, from strings to films."""

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_GENRES, MOVIE_ID, MOVIE_TITLE
from trainer.data.lookups import string_lookup
from trainer.export.brought import distinct, weighted
from trainer.export.given.features import GivenFeatures
from trainer.export.per_row import each_row, lengths, of_each_row
from trainer.export.ranking import titles
from trainer.export.row_blocks import in_blocks
from trainer.models.index.exact import best_of, frozen
from trainer.models.retrieval.histories import once
from trainer.models.retrieval.model import RetrievalModel

SCORE = "score"
VECTOR = "vector"
RATINGS = "ratings"
SIMILARITY = "similarity"
K = "k"
EXCLUDE_SEEN = "exclude_seen"
LENGTH = 100  # the length of a list if the request has no k
FILMS = {MOVIE_ID: tf.string, MOVIE_TITLE: tf.string, SCORE: tf.float32}


class RetrievalServer(keras.layers.Layer):
    """The served retrieval model, with one method per signature.

    Inside, a film is its id, 0 if unknown, and its row in the index is its id minus 1. So the row -1, which
    pads an index's results, is the unknown film, which has no id or title.

    Args:
        model: the trained model.
        index: an index of the films' vectors, whose row 0 is the film of id 1.
        visitors: the layer that scores the histories in requests (`RetrievalModel.visitors`), or None.
        catalogue: the catalogue of the items in the index, if there are others behind the model's own.

    Attributes:
        lookups: the string tables, which an export must track explicitly.
    """

    def __init__(
        self,
        model: RetrievalModel,
        index: keras.layers.Layer,
        visitors: keras.layers.Layer | None,
        catalogue: Catalogue | None = None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        self._learned, catalogue = model.catalogue.movies, catalogue or model.catalogue
        self._has_cold = catalogue.movies > self._learned
        self._users = string_lookup(catalogue.vocabularies.user_id)
        self._movies = string_lookup(catalogue.vocabularies.movie_id)
        movies_by_title = titles(catalogue)
        self._titles = string_lookup(movies_by_title)
        self.given = GivenFeatures(model.catalogue, model.user_features)
        self.lookups = (self._users, self._movies, self._titles, *self.given.tables)
        self._movie_of_title = tf.constant([0, *movies_by_title.values()], tf.int32)
        self._movie_id = tf.constant(["", *catalogue.vocabularies.movie_id])
        self._title = tf.constant(catalogue.attributes.titles.tolist())
        self._words = tf.constant(described(catalogue))
        self._ratings = tf.constant(catalogue.watchers.lengths, tf.int32)
        self._tower, self._index = model.for_serving(), index
        self._visitors = visitors
        nobody = model.user_vectors(tf.constant([0])).numpy() if self.given.inputs else None
        self._unknown_user = None if nobody is None else frozen(self, "unknown_user", nobody)
        self._unknown_film = frozen(self, "unknown_film", model.item_vectors(tf.constant([0])).numpy())
        seen = once(catalogue.watched)
        self._seen = frozen(self, "seen", seen.values)
        self._seen_splits = frozen(self, "seen_splits", seen.splits)
        self.built = True

    def retrieve_default(self, user_id):
        return self.retrieve(user_id, tf.constant(LENGTH))

    def retrieve(self, user_id, k):
        asked, most = lengths(k, tf.shape(user_id)[0])

        def of_rows(user_id, asked):
            return self._films(*self._index(self._tower.user_vectors(self._user(user_id)), most), asked)

        return in_blocks(of_rows, {"user_id": user_id, "asked": asked}, FILMS)

    def candidates(self, user_id, k, exclude_seen):
        asked, most = lengths(k, tf.shape(user_id)[0])
        unseen = each_row(exclude_seen, tf.shape(user_id)[0], EXCLUDE_SEEN)

        def of_rows(user_id, unseen, asked):
            user = self._user(user_id)
            excluded = _rows(self._seen_by(user, unseen))
            return self._films(*self._index(self._tower.user_vectors(user), most, excluded), asked)

        return in_blocks(of_rows, {"user_id": user_id, "unseen": unseen, "asked": asked}, FILMS)

    def candidates_from_history(self, movie_title, k):
        asked, most = lengths(k, tf.shape(movie_title)[0])

        def of_rows(movie_title, asked):
            named = self._named(movie_title)
            if self._visitors is None:
                learned = self._of_train(named)[0]
                found = self._index(self._tower.vectors_of_history(learned), most, _rows(named))
            else:
                found = best_of(self._visitors.scores(named), most, _rows(named))
            return self._films(*found, asked)

        return in_blocks(of_rows, {"movie_title": movie_title, "asked": asked}, FILMS)

    def candidates_for_history(self, movie_id, weight, k):
        return self.candidates_for_history_of_user(movie_id, weight, k)

    def candidates_for_history_of_user(self, movie_id, weight, k, *given):
        asked, most = lengths(k, tf.shape(movie_id)[0])
        rows = tf.shape(movie_id)[0]
        named_given = {
            f"given {name}": of_each_row(each, rows, name)
            for name, each in zip(self.given.inputs, given, strict=False)
        }

        def of_rows(movie_id, weight, asked, **given):
            named, liked, weights = weighted(self._movie(movie_id), weight, self._count())
            if self._visitors is None:
                learned, counted = self._of_train(liked, weights)
                found = self._index(self._tower.vectors_of_history(learned, counted), most, _rows(named))
            else:
                lead = self._lead(given.values(), tf.shape(movie_id)[0]) if given else None
                found = best_of(self._visitors.scores(liked, weights, lead), most, _rows(named))
            return self._films(*found, asked)

        inputs = {"movie_id": movie_id, "weight": weight, "asked": asked, **named_given}
        return in_blocks(of_rows, inputs, FILMS)

    def user_vector(self, user_id):
        return {VECTOR: self._tower.user_vectors(self._user(user_id))}

    def movie_vector(self, movie_id):
        return {VECTOR: self._vectors(self._movie(movie_id))}

    def describe(self, movie_id):
        movie = self._movie(movie_id)
        return {
            MOVIE_TITLE: tf.gather(self._title, movie),
            MOVIE_GENRES: tf.gather(self._words, movie),
            RATINGS: tf.gather(self._ratings, movie),
        }

    def because(self, user_id, movie_id):
        return self._reasons(self._seen_by(self._user(user_id), True), self._movie(movie_id))

    def because_of_history(self, movie_title, movie_id):
        return self._reasons(self._named(movie_title), self._movie(movie_id))

    def because_for_history(self, history_id, movie_id):
        return self._reasons(distinct(self._movie(history_id), self._count())[0], self._movie(movie_id))

    def _lead(self, given, rows):
        """Returns by how much each film is nearer to people of these features than to the unknown user."""
        people = self._tower.vectors_of_given(self.given(given, rows)) - self._unknown_user
        return self._index.scores(people)

    def _films(self, scores, rows, asked):
        """Returns the films of the found rows, [B, k'], padded after the first `asked` of each row."""
        wanted = tf.sequence_mask(asked, tf.shape(rows)[1])
        movie = tf.where(wanted, rows + 1, 0)
        return {
            MOVIE_ID: tf.gather(self._movie_id, movie),
            MOVIE_TITLE: tf.gather(self._title, movie),
            SCORE: tf.where(movie > 0, scores, 0.0),
        }

    def _reasons(self, watched, movies):
        """Returns, for each of `movies` [B, n], the most similar film of `watched`, ragged [B, (h)]."""
        films = watched.to_tensor()
        likeness = tf.matmul(self._directions(movies), self._directions(films), transpose_b=True)
        possible = (films[:, None] > 0) & (movies[:, :, None] > 0) & (films[:, None] != movies[:, :, None])
        # One more column, for films without a similar one, so that argmax always has a choice.
        films = tf.pad(films, [[0, 0], [0, 1]])
        likeness = tf.pad(
            tf.where(possible, likeness, -np.inf), [[0, 0], [0, 0], [0, 1]], constant_values=-2.0
        )
        best = tf.argmax(likeness, axis=2, output_type=tf.int32)
        reason = tf.gather(films, best, batch_dims=1)
        return {
            MOVIE_TITLE: tf.gather(self._title, reason),
            SIMILARITY: tf.where(reason > 0, tf.reduce_max(likeness, axis=2), 0.0),
        }

    def _directions(self, movies):
        """Returns the films' vectors without the bias, normalized to length 1."""
        return tf.math.l2_normalize(self._vectors(movies)[..., :-1], axis=-1)

    def _vectors(self, movies):
        known = self._index.vectors_of(tf.maximum(movies - 1, 0))
        return tf.where(movies[..., None] > 0, known, self._unknown_film)

    def _seen_by(self, user, wanted):
        """Returns the seen films, ragged int32 [B, (n)]; rows where they are not wanted are empty."""
        starts = tf.gather(self._seen_splits, user)
        ends = tf.where(wanted, tf.gather(self._seen_splits, user + 1), starts)
        places = tf.ragged.range(starts, ends)
        return places.with_values(tf.gather(self._seen, places.values))

    def _named(self, movie_title):
        """Returns the known films among titles, string [B, n], each once: ragged int32 [B, (m)]."""
        return distinct(tf.gather(self._movie_of_title, self._titles(movie_title)), self._count())[0]

    def _of_train(self, movies, weights=None):
        """Returns the films of histories that the model was trained on, and their weights."""
        if not self._has_cold:
            return movies, weights
        learned = movies.with_values(movies.values < self._learned)
        kept = None if weights is None else tf.ragged.boolean_mask(weights, learned)
        return tf.ragged.boolean_mask(movies, learned), kept

    def _count(self):
        return tf.size(self._ratings, tf.int64)

    def _user(self, user_id):
        return tf.cast(self._users(user_id), tf.int32)

    def _movie(self, movie_id):
        return tf.cast(self._movies(movie_id), tf.int32)


def _rows(movies):
    """Converts a ragged tensor of film ids to rows of the index."""
    return movies.with_values(movies.values - 1)


def described(catalogue: Catalogue) -> list[str]:
    """Returns each film's words of the feature by which films are grouped, in order, with | between."""
    key = catalogue.description.grouping
    if key is None:
        return [""] * catalogue.movies
    return ["|".join(sorted(catalogue.attributes.text(key, film))) for film in range(catalogue.movies)]
