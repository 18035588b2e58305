"""A trained retrieval model as a SavedModel that any stock TF Serving answers from."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from trainer.answers import EXTRA, UNKNOWN, Answer, ids, spread
from trainer.features import MOVIE_ID, MOVIE_TITLE, USER_ID
from trainer.index import IndexKind, IndexReport, build_index
from trainer.lookups import string_lookup
from trainer.retrieval.model import RetrievalModel

SCORE = "score"
LENGTH = 100  # of an answer that names no k
SAMPLE = 256  # users whose answers the index is measured by
DECIDED = 1e-5  # scores further apart than this are in the same order however they are summed


def export_retrieval(
    model: RetrievalModel, path: str, index: IndexKind = "auto"
) -> tuple[list[Answer], IndexReport]:
    """Writes the SavedModel; `path` must not exist yet. What the index is worth lies beside it.

    Signatures, each giving `movie_id`, `movie_title` string and `score` float32 [B, k], best first:
        serving_default: `user_id` string [B]; k is 100.
        retrieve: `user_id` string [B], `k` int32 scalar, at least 1.
    k is never more than the films there are. Someone unknown is answered as the unknown user. Films that
    the user has seen are among the answers: leaving them out is the recommender's.

    Args:
        model: trained.
        path: of the SavedModel.
        index: exact, or inverted lists, or whichever suits the number of films.

    Returns:
        The trained model's own answers, to verify the SavedModel by; and the index's worth.
    """
    films = model.item_vectors(tf.range(1, model.catalogue.movies)).numpy()  # the OOV row is no film
    users = np.unique(np.linspace(0, model.catalogue.users - 1, SAMPLE).astype(np.int32))
    search, report = build_index(films, index, model.user_vectors(tf.constant(users)).numpy(), LENGTH)
    served = RetrievalServer(model, search)
    archive = keras.export.ExportArchive()
    archive.track(served.users)  # tables are not always found by walking down from a model
    user_id, k = tf.TensorSpec([None], tf.string, name=USER_ID), tf.TensorSpec([], tf.int32, name="k")
    archive.add_endpoint("serving_default", served.retrieve_default, [user_id])
    archive.add_endpoint("retrieve", served.retrieve, [user_id, k])
    archive.write_out(path, verbose=False)
    _write(Path(path) / EXTRA / "index.json", asdict(report))
    return retrieval_answers(model, search), report


class RetrievalServer(keras.layers.Layer):
    """Strings in, films out.

    Args:
        model: a trained model.
        index: of its films' vectors, row 0 the film of id 1.
    """

    def __init__(self, model: RetrievalModel, index: keras.layers.Layer, **kwargs):
        super().__init__(autocast=False, **kwargs)
        catalogue = model.catalogue
        self.users = string_lookup(catalogue.vocabularies.user_id)
        self._tower, self._index = model.for_serving(), index
        self._movie_id = tf.constant(catalogue.vocabularies.movie_id)
        self._title = tf.constant(catalogue.attributes.titles[1:].tolist())
        self.built = True

    def retrieve_default(self, user_id):
        return self.retrieve(user_id, tf.constant(LENGTH))

    def retrieve(self, user_id, k):
        user = tf.cast(self.users(user_id), tf.int32)
        scores, rows = self._index(self._tower.user_vectors(user), tf.maximum(k, 1))
        return {
            MOVIE_ID: tf.gather(self._movie_id, rows),
            MOVIE_TITLE: tf.gather(self._title, rows),
            SCORE: scores,
        }


def retrieval_answers(model: RetrievalModel, index: keras.layers.Layer, users: int = 64) -> list[Answer]:
    """What the trained model's own towers answer through the index, a signature each.

    Args:
        model: trained, not folded.
        index: of its films.
        users: how many to ask about, spread over the vocabulary, beside one unknown. Those are passed
            over whose films have scores so close that rounding may turn their order.
    """
    catalogue = model.catalogue
    names = [*dict.fromkeys(spread(catalogue.vocabularies.user_id, np.linspace(0, 1, users))), UNKNOWN]
    user_ids = ids(catalogue.vocabularies.user_id, names)
    movie_id = np.array([name.encode() for name in catalogue.vocabularies.movie_id], object)
    title = np.array([title.encode() for title in catalogue.attributes.titles[1:]], object)

    def answer(signature: str, k: int, inputs: dict[str, int]) -> Answer:
        vectors = model.user_vectors(tf.constant(user_ids))
        # One more film than is asked for: the last one's lead over the next must be decided too.
        scores = index(vectors, tf.constant(k + 1))[0].numpy()
        lead = (scores[:, :-1] - scores[:, 1:]).min(axis=1, initial=np.inf)
        decided = np.flatnonzero(lead >= min(DECIDED, lead.max()))  # at least one
        scores, rows = (each.numpy()[decided] for each in index(vectors, tf.constant(k)))
        outputs = {MOVIE_ID: movie_id[rows], MOVIE_TITLE: title[rows], SCORE: scores}
        return Answer(signature, {USER_ID: [names[place] for place in decided], **inputs}, outputs)

    return [answer("serving_default", LENGTH, {}), answer("retrieve", 10, {"k": 10})]


def _write(file: Path, facts: dict) -> None:
    file.parent.mkdir(exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    os.replace(part, file)
