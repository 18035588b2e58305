"""A trained retrieval model as a SavedModel that any stock TF Serving answers from."""

import json
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from marquee.whole_file import write_whole
from trainer.data.features import MOVIE_ID, MOVIE_TITLE, USER_ID
from trainer.export.answers import EXTRA, Answer
from trainer.export.retrieval_server import EXCLUDE_SEEN, LENGTH, K, RetrievalServer
from trainer.export.retrieval_trained_answers import retrieval_answers
from trainer.models.index import IndexKind, IndexReport, build_index
from trainer.models.retrieval.model import RetrievalModel

SAMPLE = 256  # users whose answers the index is measured by


def export_retrieval(
    model: RetrievalModel, path: str, index: IndexKind = "auto"
) -> tuple[list[Answer], IndexReport]:
    """Writes the SavedModel; `path` must not exist yet.

    Signatures that find films, each giving `movie_id`, `movie_title` string and `score` float32 [B, k'], best
    first. k' is the largest k, and at most the most films that any row has to be given; a row that has, or
    asks for, fewer is filled up with "", "" and 0. A k below 1 is refused.
        serving_default: `user_id` string [B]; k is 100.
        retrieve: `user_id` string [B], `k` int32, one for all rows or [B]. Films that the user has seen are
            among them.
        candidates: the same and `exclude_seen` bool, one or [B]: whether films seen in train are left out.
        candidates_from_history: `movie_title` string [B, n], filled up with "", what someone has watched who
            is not in train, and `k`. Those films are left out, and titles that train does not know count for
            nothing. Without any title they are someone unknown. The model's `visitors` say what is found, or
            else its `vectors_of_history` do (`trainer.models.retrieval.model`).

    Of the vectors, whose product is the score; a film's last number is its bias:
        user_vector: `user_id` string [B] to `vector` float32 [B, d].
        movie_vector: `movie_id` string [B] to the same.

    Of the films:
        - describe: `movie_id` string [B] to `movie_title`, `movie_genres` (with | between) string [B], and
            `ratings` int32 [B], how many train has; "", "" and 0 for one that train does not know.
        - because: `user_id` string [B], `movie_id` string [B, n] to `movie_title` string and `similarity`
            float32 [B, n]: for each film, of those that the user has watched in train the one most like it
            (the cosine of both vectors without the bias), never itself; "" and 0 where there is none.
        - because_of_history: the same for `movie_title` string [B, h], what someone has watched.

    Someone unknown is answered as the unknown user. A title that several films share is the one most rated.

    Beside the model, in `assets.extra`: `index.json`, what the index is worth, and `user_ids.txt`, the users
    of train, one a line.

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
    visitors = model.visitors()
    served = RetrievalServer(model, search, visitors)
    archive = keras.export.ExportArchive()
    for lookup in served.lookups:  # tables are not always found by walking down from a model
        archive.track(lookup)
    user, film = (tf.TensorSpec([None], tf.string, name=name) for name in (USER_ID, MOVIE_ID))
    history, films = (tf.TensorSpec([None, None], tf.string, name=name) for name in (MOVIE_TITLE, MOVIE_ID))
    # Of any rank: once for the batch, or in each row (`trainer.export.per_row`).
    k, exclude_seen = tf.TensorSpec(None, tf.int32, name=K), tf.TensorSpec(None, tf.bool, name=EXCLUDE_SEEN)
    archive.add_endpoint("serving_default", served.retrieve_default, [user])
    archive.add_endpoint("retrieve", served.retrieve, [user, k])
    archive.add_endpoint("candidates", served.candidates, [user, k, exclude_seen])
    archive.add_endpoint("candidates_from_history", served.candidates_from_history, [history, k])
    archive.add_endpoint("user_vector", served.user_vector, [user])
    archive.add_endpoint("movie_vector", served.movie_vector, [film])
    archive.add_endpoint("describe", served.describe, [film])
    archive.add_endpoint("because", served.because, [user, films])
    archive.add_endpoint("because_of_history", served.because_of_history, [history, films])
    archive.write_out(path, verbose=False)
    extra = Path(path) / EXTRA
    write_whole(extra / "index.json", json.dumps(asdict(report), indent=2) + "\n")
    write_whole(extra / "user_ids.txt", "".join(f"{name}\n" for name in model.catalogue.vocabularies.user_id))
    return retrieval_answers(model, search, visitors), report
