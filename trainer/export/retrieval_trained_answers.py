"""A trained retrieval model's answers, at least one per signature, to compare its export with."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_GENRES, MOVIE_ID, MOVIE_TITLE, USER_ID
from trainer.export.answers import UNKNOWN, Answer, ids, spread
from trainer.export.brought import HISTORY_ID, WEIGHT
from trainer.export.given.answers import Given, contribution, given_by
from trainer.export.named import item_vector
from trainer.export.ranking import titles
from trainer.export.retrieval_server import (
    EXCLUDE_SEEN,
    LENGTH,
    RATINGS,
    SCORE,
    SIMILARITY,
    VECTOR,
    K,
    described,
)
from trainer.models.index.exact import best_of
from trainer.models.retrieval.histories import once
from trainer.models.retrieval.model import RetrievalModel
from trainer.models.retrieval.towers import through, with_one

DECIDED = 1e-5  # scores further apart than this keep their order despite rounding
FEW = 10  # films that are requested or described


def retrieval_answers(
    model: RetrievalModel,
    index: keras.layers.Layer,
    visitors: keras.layers.Layer | None,
    catalogue: Catalogue,
    vectors: np.ndarray,
    users: int = 64,
) -> list[Answer]:
    """Returns the answers of the trained model's own towers through the index.

    Requests are left out if their films' scores are so close that rounding may change the order.

    Args:
        model: the trained model, not folded for serving.
        index: the index of its films.
        visitors: the layer that scores histories; None: the index does.
        catalogue: the catalogue of the films in the index.
        vectors: float32 [movies of that catalogue, d], their vectors.
        users: the number of users, and of films, to request, spread over the vocabulary; an unknown one is
            added.
    """
    asked = _Asked(model, index, visitors, catalogue, vectors, users)
    of_user = "candidates_for_history_of_user"
    return [
        *([asked.films(of_user, FEW, {K: FEW}, True, True, True, True)] if model.user_features else []),
        asked.films("serving_default", LENGTH, {}),
        asked.films("retrieve", FEW, {K: FEW}),
        asked.films("candidates", FEW, {K: FEW, EXCLUDE_SEEN: True}, without=True),
        asked.films("candidates", FEW, {K: FEW, EXCLUDE_SEEN: False}),
        asked.films("candidates_from_history", FEW, {K: FEW}, without=True, brought=True),
        asked.films("candidates_for_history", FEW, {K: FEW}, without=True, brought=True, by_id=True),
        Answer("user_vector", {USER_ID: asked.user_names}, {VECTOR: asked.vectors.numpy()}),
        Answer(
            item_vector(catalogue.description.names),
            {MOVIE_ID: asked.movie_names},
            {VECTOR: asked.film_vectors[asked.movies]},
        ),
        asked.described(),
        asked.reasons("because"),
        asked.reasons("because_of_history", brought=True),
        asked.reasons("because_for_history", brought=True, by_id=True),
    ]


class _Asked:
    """The requests, and the users and histories that they are about.

    A request's history is the titles, or the ids, of the first few films that the user has watched. Ids have
    weights of 0, 1 and 2 in turn, unless that leaves nothing.
    """

    def __init__(
        self,
        model: RetrievalModel,
        index: keras.layers.Layer,
        visitors: keras.layers.Layer | None,
        catalogue: Catalogue,
        vectors: np.ndarray,
        users: int,
    ):
        self._index, self._visitors = index, visitors
        self._titles = np.array([title.encode() for title in catalogue.attributes.titles], object)
        self._movie_ids = np.array(
            [b"", *(name.encode() for name in catalogue.vocabularies.movie_id)], object
        )
        self._words = np.array([each.encode() for each in described(catalogue)], object)
        self._ratings = catalogue.watchers.lengths.astype(np.int32)
        places = np.linspace(0, 1, users)
        self.user_names = _names(catalogue.vocabularies.user_id, places)
        self.movie_names = _names(catalogue.vocabularies.movie_id, places)
        self.movies = ids(catalogue.vocabularies.movie_id, self.movie_names)
        self.film_vectors = vectors
        user = ids(catalogue.vocabularies.user_id, self.user_names)
        self.vectors = model.user_vectors(tf.constant(user))
        watched, by_title = once(catalogue.watched), titles(catalogue)
        self._watched = [watched[each] for each in user]
        self._names = [[catalogue.attributes.titles[film] for film in row[:FEW]] for row in self._watched]
        self._brought = [
            np.array([*dict.fromkeys(by_title[name] for name in row if name)], np.int32)
            for row in self._names
        ]
        self._vectors_brought = model.vectors_of_history(_ragged(self._brought))
        self._given = [(np.arange(len(row)) + (len(row) == 1)) % 3 for row in self._brought]
        pairs = [
            (row[each > 0], each[each > 0]) for row, each in zip(self._brought, self._given, strict=True)
        ]
        liked = [row for row, _ in pairs]
        scaled = [each * each.sum() / max((each**2).sum(), 1) for _, each in pairs]
        self._liked, self._scaled = liked, scaled
        self._vectors_liked = model.vectors_of_history(_ragged(liked), _ragged(scaled, np.float32))
        self._features = given_by(model.catalogue, model.user_features, user)
        self._leads = vectors_given(model, self._features) - model.user_vectors(tf.zeros([1], tf.int32))

    def films(
        self,
        signature: str,
        k: int,
        inputs: dict,
        without: bool = False,
        brought: bool = False,
        by_id: bool = False,
        given: bool = False,
    ) -> Answer:
        vectors = self._vectors_brought if brought else self.vectors
        if by_id:
            vectors = self._vectors_liked
        gone = self._brought if brought else self._watched

        def search(rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
            excluded = _ragged([gone[row] - 1 for row in rows]) if without else None
            if by_id and self._visitors is not None:
                liked = _ragged([self._liked[row] for row in rows])
                weights = _ragged([self._scaled[row] for row in rows], np.float32)
                lead = self._leads.numpy()[rows] @ self.film_vectors[1:].T if given else None
                found = best_of(self._visitors.scores(liked, weights, lead), k, excluded)
            elif brought and self._visitors is not None:
                found = best_of(self._visitors.scores(_ragged([gone[row] for row in rows])), k, excluded)
            else:
                found = self._index(tf.gather(vectors, rows), tf.constant(k), excluded)
            return tuple(each.numpy() for each in found)

        rows = np.arange(len(self.user_names))
        scores = search(rows, k + 1)[0]  # the last one's margin over the next must be clear too
        with np.errstate(invalid="ignore"):
            lead = np.nan_to_num(scores[:, :-1] - scores[:, 1:], nan=np.inf).min(axis=1, initial=np.inf)
        rows = _decided(lead)
        scores, found = search(rows, k)
        outputs = {
            MOVIE_ID: self._movie_ids[found + 1],
            MOVIE_TITLE: self._titles[found + 1],
            SCORE: np.where(found >= 0, scores, 0).astype(np.float32),
        }
        who = self._histories(rows, MOVIE_ID, weighted=True) if by_id else self._who(rows, brought)
        features = self._features.inputs if given else {}
        told = {name: [values[row] for row in rows] for name, values in features.items()}
        return Answer(signature, {**who, **told, **inputs}, outputs)

    def described(self) -> Answer:
        outputs = {MOVIE_TITLE: self._titles, MOVIE_GENRES: self._words, RATINGS: self._ratings}
        outputs = {name: column[self.movies] for name, column in outputs.items()}
        return Answer("describe", {MOVIE_ID: self.movie_names}, outputs)

    def reasons(self, signature: str, brought: bool = False, by_id: bool = False) -> Answer:
        """Requests reasons for films of the user's own history, for other films, and for an unknown one."""
        directions = self.film_vectors[:, :-1]
        directions = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-6)
        films = np.append(self.movies[:: max(1, len(self.movies) // FEW)], 0)
        histories = self._brought if brought else self._watched
        asked = np.stack([np.append(films, row[0] if len(row) else 0) for row in histories])
        reason, similarity = np.zeros(asked.shape, np.int32), np.zeros(asked.shape, np.float32)
        lead = np.full(len(asked), np.inf)
        for row, place in np.ndindex(asked.shape):
            film, history = asked[row, place], histories[row]
            history = history[history != film]
            if film and len(history):
                likeness = directions[history] @ directions[film]
                best = np.argsort(-likeness, kind="stable")
                reason[row, place], similarity[row, place] = history[best[0]], likeness[best[0]]
                if len(best) > 1:
                    lead[row] = min(lead[row], likeness[best[0]] - likeness[best[1]])
        rows = _decided(lead)
        outputs = {MOVIE_TITLE: self._titles[reason[rows]], SIMILARITY: similarity[rows]}
        movie_id = [[self._movie_ids[film].decode() or UNKNOWN for film in row] for row in asked[rows]]
        who = self._histories(rows, HISTORY_ID) if by_id else self._who(rows, brought)
        return Answer(signature, {**who, MOVIE_ID: movie_id}, outputs)

    def _who(self, rows: np.ndarray, brought: bool) -> dict[str, list]:
        if not brought:
            return {USER_ID: [self.user_names[row] for row in rows]}
        named = [[UNKNOWN, *self._names[row]] for row in rows]
        longest = max(map(len, named))
        return {MOVIE_TITLE: [row + [""] * (longest - len(row)) for row in named]}

    def _histories(self, rows: np.ndarray, name: str, weighted: bool = False) -> dict[str, list]:
        """Returns histories of ids, with an unknown one and the first one once more, and maybe weights."""
        named = [[self._movie_ids[film].decode() for film in self._brought[row]] for row in rows]
        named = [[UNKNOWN, *row, *row[:1]] for row in named]
        longest = max(map(len, named))
        found: dict[str, list] = {name: [row + [""] * (longest - len(row)) for row in named]}
        if weighted:
            given = [[1.0, *map(float, self._given[row]), *[7.0] * len(self._given[row][:1])] for row in rows]
            found[WEIGHT] = [row + [0.0] * (longest - len(row)) for row in given]
        return found


def vectors_given(model: RetrievalModel, given: Given) -> np.ndarray:
    """Returns the user tower's vectors of people of these features, of nobody's if there are none."""
    if not model.user_features:
        return model.user_vectors(tf.zeros([1], tf.int32)).numpy()
    tower, description = model.user_tower, model.catalogue.description
    parts = tower.alone().numpy() + sum(
        contribution(
            model.catalogue.table(key), tower.rows_of(key).numpy(), given.columns[description.name_of(key)]
        )
        for key in model.user_features
    )
    return with_one(through(tower.dense, tf.constant(parts))).numpy()


def _names(vocabulary: Sequence[str], places: np.ndarray) -> list[str]:
    return [*dict.fromkeys(spread(vocabulary, places)), UNKNOWN]


def _ragged(rows: list[np.ndarray], dtype=np.int32) -> tf.RaggedTensor:
    values = np.concatenate([np.zeros(0, dtype), *rows]).astype(dtype)
    return tf.RaggedTensor.from_row_lengths(values, [len(row) for row in rows])


def _decided(lead: np.ndarray) -> np.ndarray:
    """Returns the rows whose order does not depend on rounding; at least the clearest row."""
    return np.flatnonzero(lead >= min(DECIDED, lead.max()))
