"""What a trained ranking model answers: questions for every signature, for whoever exports or serves it.

The answers come from the trained model itself, before any export; `assets.extra` of a SavedModel is
where TensorFlow Serving expects files that it does not load.
"""

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from trainer.export import RankingServer, titles
from trainer.features import MOVIE_ID, MOVIE_TITLE, TIMESTAMP, USER_AGE, USER_ID, USER_RATING
from trainer.ranking.model import RankingModel

FILE = Path("assets.extra") / "trained_answers.json"
UNKNOWN = "no such value"


@dataclass(frozen=True, eq=False)
class Answer:
    """One request's inputs, lists of strings or bytes, and outputs, arrays, by name."""

    signature: str
    inputs: dict[str, list]
    outputs: dict[str, np.ndarray]


def trained_answers(model: RankingModel, pairs: int = 64) -> list[Answer]:
    """An answer a signature, over pairs from the whole catalogue and over unknown values.

    Args:
        model: a trained model.
        pairs: how many users and films to ask about, spread over the vocabularies.
    """
    catalogue, vocabularies = model.catalogue, model.catalogue.vocabularies
    places = np.linspace(0, 1, pairs)
    users = [*_spread(vocabularies.user_id, places), UNKNOWN, vocabularies.user_id[0], UNKNOWN]
    movies = [*_spread(vocabularies.movie_id, places[::-1]), vocabularies.movie_id[0], UNKNOWN, UNKNOWN]
    user, movie = _ids(vocabularies.user_id, users), _ids(vocabularies.movie_id, movies)
    names = [str(name) for name in catalogue.attributes.titles[movie]]
    by_title = titles(catalogue)
    entitled = np.array([by_title.get(name, 0) for name in names], np.int32)
    examples = [_example(u, m, catalogue.last_time) for u, m in zip(users, movies, strict=True)]

    def rating(movies: np.ndarray) -> dict[str, np.ndarray]:
        features = {USER_ID: tf.constant(user), MOVIE_ID: tf.constant(movies)}
        return {USER_RATING: model(features, training=False).numpy()}

    slices = RankingServer(model).slices(tf.constant(examples))
    return [
        Answer("serving_default", {USER_ID: users, MOVIE_TITLE: names}, rating(entitled)),
        Answer("rate_ids", {USER_ID: users, MOVIE_ID: movies}, rating(movie)),
        Answer("serving_examples", {"examples": examples}, rating(movie)),
        Answer("slices", {"examples": examples}, {name: column.numpy() for name, column in slices.items()}),
    ]


def write_answers(saved_model: str, answers: Sequence[Answer]) -> None:
    """Writes the answers beside the SavedModel, as TF Serving's column requests with their outputs."""
    plain = [
        {
            "signature_name": answer.signature,
            "inputs": {name: _plain(values) for name, values in answer.inputs.items()},
            "outputs": {name: _decoded(column) for name, column in answer.outputs.items()},
        }
        for answer in answers
    ]
    file = Path(saved_model) / FILE
    file.parent.mkdir(exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(plain), encoding="utf-8")
    os.replace(part, file)


def _plain(values: list) -> list:
    return [{"b64": base64.b64encode(v).decode()} if isinstance(v, bytes) else v for v in values]


def _decoded(column: np.ndarray) -> list:
    return [value.decode() if isinstance(value, bytes) else value for value in column.tolist()]


def _spread(values: Sequence[str], places: np.ndarray) -> list[str]:
    return [values[int(place)] for place in places * (len(values) - 1)]


def _ids(vocabulary: Sequence[str], values: Sequence[str]) -> np.ndarray:
    place = {value: index for index, value in enumerate(vocabulary, start=1)}
    return np.array([place.get(value, 0) for value in values], np.int32)


def _example(user: str, movie: str, time: int) -> bytes:
    def text(value: str) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))

    feature = {
        USER_ID: text(user),
        MOVIE_ID: text(movie),
        USER_AGE: tf.train.Feature(float_list=tf.train.FloatList(value=[20 + len(user) * 7])),
        TIMESTAMP: tf.train.Feature(int64_list=tf.train.Int64List(value=[time])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
