"""Export of a trained retrieval model as a SavedModel for stock TF Serving."""

import json
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from marquee.whole_file import write_whole
from trainer.data.features import MOVIE_ID, MOVIE_TITLE, USER_ID
from trainer.export.answers import Answer
from trainer.export.brought import HISTORY_ID, WEIGHT
from trainer.export.cold.items import ColdItems
from trainer.export.description import write_description
from trainer.export.extra import EXTRA
from trainer.export.named import Endpoints, item_vector
from trainer.export.retrieval_server import EXCLUDE_SEEN, LENGTH, K, RetrievalServer
from trainer.export.retrieval_trained_answers import retrieval_answers
from trainer.models.index import IndexKind, IndexReport, build_index
from trainer.models.retrieval.model import RetrievalModel

SAMPLE = 256  # users whose queries the recall of the index is measured on


def export_retrieval(
    model: RetrievalModel, path: str, index: IndexKind = "auto", cold: ColdItems | None = None
) -> tuple[list[Answer], IndexReport]:
    """Writes the SavedModel; `path` must not exist yet.

    The search signatures return `movie_id`, `movie_title` string and `score` float32 [B, k'], best first. k'
    is the largest k, and at most the largest number of films that any row has left; a row that has or
    requests fewer films is padded with "", "" and 0. A k below 1 is refused.
        serving_default: `user_id` string [B]; k is 100.
        retrieve: `user_id` string [B], `k` int32, one for all rows or [B]. Films that the user has seen are
            included.
        candidates: the same and `exclude_seen` bool, one or [B]: whether films seen in train are left out.
        candidates_from_history: `movie_title` string [B, n], padded with "", the films that a cold-start user
            has watched, and `k`. Those films are left out, and unknown titles are ignored. Without any title
            it is the unknown user. Films are scored by the model's `visitors`, or else by its
            `vectors_of_history` (`trainer.models.retrieval.model`).
        candidates_for_history: the same for `movie_id` string [B, n], padded with "", and `weight` float32
            [B, n], at least 0, how much each film counts; only the ratios of a row's weights matter. A film
            of weight 0 is left out of the answer and changes nothing else.
        candidates_for_history_of_user: the same and each feature of users that the model knows people by, by
            its name in tf.Examples (`trainer.export.given.features`), if there are such features.

    The vector signatures return the vectors whose product is the score; a film's last number is its bias:
        user_vector: `user_id` string [B] to `vector` float32 [B, d].
        movie_vector: `movie_id` string [B] to the same; `item_vector` if items are not called `movie_id`.

    The film signatures describe films and explain recommendations:
        - describe: `movie_id` string [B] to `movie_title`, `movie_genres` (the words of the data's first
            `categories` feature, with | between) string [B], and `ratings` int32 [B], the number of ratings
            in train; "", "" and 0 for an unknown film.
        - because: `user_id` string [B], `movie_id` string [B, n] to `movie_title` string and `similarity`
            float32 [B, n]: for each film, the most similar film that the user has watched in train (by the
            cosine of the vectors without the bias), never itself; "" and 0 if there is none.
        - because_of_history: the same for `movie_title` string [B, h], a history of watched films.
        - because_for_history: the same for `history_id` string [B, h].

    Names are those of MovieLens; in the SavedModel they are the data set's own (`trainer.export.named`).

    Users whom train lacks are treated as the unknown user. A title that several films share means the most
    rated one.

    Beside the model, in `assets.extra`, are `index.json`, the report of the index, and `user_ids.txt`, the
    users of train, one per line.

    Args:
        model: the trained model.
        path: the path of the SavedModel.
        index: the kind of index: exact, inverted lists, or the one that suits the number of films.
        cold: the films that train does not know and that are served as well, known by the films like them;
            None: no such films.

    Returns:
        The trained model's own answers, to verify the SavedModel with, and the report of the index.
    """
    vectors = model.item_vectors(tf.range(model.catalogue.movies)).numpy()
    if cold:
        vectors = np.concatenate([vectors, cold.vectors(vectors)])
    catalogue = cold.catalogue if cold else model.catalogue
    users = np.unique(np.linspace(0, model.catalogue.users - 1, SAMPLE).astype(np.int32))
    search, report = build_index(vectors[1:], index, model.user_vectors(tf.constant(users)).numpy(), LENGTH)
    visitors = model.visitors(catalogue, vectors)
    served = RetrievalServer(model, search, visitors, catalogue)
    archive = keras.export.ExportArchive()
    for lookup in served.lookups:  # Keras does not always find tables by walking down from a model
        archive.track(lookup)
    user, film = (tf.TensorSpec([None], tf.string, name=name) for name in (USER_ID, MOVIE_ID))
    history, films = (tf.TensorSpec([None, None], tf.string, name=name) for name in (MOVIE_TITLE, MOVIE_ID))
    # Of any rank: one value for the batch, or one per row (`trainer.export.per_row`).
    k, exclude_seen = tf.TensorSpec(None, tf.int32, name=K), tf.TensorSpec(None, tf.bool, name=EXCLUDE_SEEN)
    endpoints = Endpoints(archive, catalogue.description.names)
    endpoints.add("serving_default", served.retrieve_default, [user])
    endpoints.add("retrieve", served.retrieve, [user, k])
    endpoints.add("candidates", served.candidates, [user, k, exclude_seen])
    endpoints.add("candidates_from_history", served.candidates_from_history, [history, k])
    weight = tf.TensorSpec([None, None], tf.float32, name=WEIGHT)
    endpoints.add("candidates_for_history", served.candidates_for_history, [films, weight, k])
    if given := served.given.specs():
        call = served.candidates_for_history_of_user
        endpoints.add("candidates_for_history_of_user", call, [films, weight, k, *given])
    endpoints.add("user_vector", served.user_vector, [user])
    endpoints.add(item_vector(catalogue.description.names), served.movie_vector, [film])
    endpoints.add("describe", served.describe, [film])
    endpoints.add("because", served.because, [user, films])
    endpoints.add("because_of_history", served.because_of_history, [history, films])
    brought = tf.TensorSpec([None, None], tf.string, name=HISTORY_ID)
    endpoints.add("because_for_history", served.because_for_history, [brought, films])
    archive.write_out(path, verbose=False)
    write_description(path, catalogue.description, served.given.described())
    extra = Path(path) / EXTRA
    write_whole(extra / "index.json", json.dumps(asdict(report), indent=2) + "\n")
    write_whole(extra / "user_ids.txt", "".join(f"{name}\n" for name in model.catalogue.vocabularies.user_id))
    return retrieval_answers(model, search, visitors, catalogue, vectors), report
