import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from tests.trainer.trained_kinds import TrainedKinds
from trainer.data import catalogue as catalogues
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies

GENRES = ("Action", "Comedy", "Drama")


@pytest.fixture(scope="session")
def columns():
    """3,000 ratings of 80 users and 60 films that follow biases and one factor; every row is known."""
    random = np.random.default_rng(1)
    user = np.concatenate([np.arange(80), random.integers(80, size=2920)])
    movie = np.concatenate([np.arange(60), random.integers(60, size=2940)])
    user_bias, movie_bias = random.normal(0, 0.5, 80), random.normal(0, 0.7, 60)
    taste, kind = random.normal(size=80), random.normal(size=60)
    stars = (
        3.3
        + user_bias[user]
        + movie_bias[movie]
        + 0.4 * taste[user] * kind[movie]
        + random.normal(0, 0.3, 3000)
    )
    return {
        "user_id": [f"u{each}" for each in user],
        "movie_id": [f"m{each}" for each in movie],
        "user_rating": np.clip(np.round(stars), 1, 5).tolist(),
        "timestamp": (880_000_000 + random.permutation(3000) * 1000).tolist(),
        "movie_title": [f"Film {each} ({1970 + each})" for each in movie],
        "movie_genres": [[GENRES[each % 3], *(["Drama"] if each % 3 == 0 else [])] for each in movie],
        "raw_user_age": [float(15 + each) for each in user],
        "user_gender": ["MF"[each % 2] for each in user],
        "user_occupation_text": [("writer", "doctor")[each % 2] for each in user],
        "user_zip_code": [f"{each % 10}1234" for each in user],
    }


@pytest.fixture(scope="session")
def split(columns):
    """(train, eval) as raw columns."""
    return rows(columns, range(2500)), rows(columns, range(2500, 3000))


@pytest.fixture(scope="session")
def data(split):
    train, evaluation = split
    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    ratings, catalogue = catalogues.from_columns(train, vocabularies)
    return RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)


@pytest.fixture(scope="session")
def kinds(data, tmp_path_factory):
    """A trained ranking model of each kind, by its name: to ask, not to change."""
    base = Path(tmp_path_factory.getbasetemp())
    # Under xdist every process has a folder of its own below one that they share.
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return TrainedKinds(shared / "trained-kinds", data)


@pytest.fixture(scope="session")
def files(split, tmp_path_factory):
    """The same as files: `train-*.gz` in three parts, and `eval.gz`."""
    folder = tmp_path_factory.mktemp("examples")
    train, evaluation = split
    for part in range(3):
        _write(folder / f"train-{part}.gz", rows(train, range(part, 2500, 3)))
    _write(folder / "eval.gz", evaluation)
    return folder


@pytest.fixture(scope="session")
def example():
    """Makes a serialized tf.Example of its keyword arguments."""
    return _example


@pytest.fixture(scope="session")
def write_examples():
    """Writes raw columns to a file of examples."""
    return _write


def rows(columns, places):
    return {name: [values[place] for place in places] for name, values in columns.items()}


def _example(**values) -> bytes:
    feature = {}
    for name, value in values.items():
        listed = value if isinstance(value, list) else [value]
        if listed and isinstance(listed[0], float):
            feature[name] = tf.train.Feature(float_list=tf.train.FloatList(value=listed))
        elif listed and isinstance(listed[0], int):
            feature[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=listed))
        else:
            encoded = [each.encode() for each in listed]
            feature[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def _write(path, columns) -> None:
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
        for values in zip(*columns.values(), strict=True):
            writer.write(_example(**dict(zip(columns, values, strict=True))))
