"""SampledNegatives: the labels and negatives that TFMA judges chances by."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.sampled_negatives.executor import Executor
from tests.trainer.conftest import _write
from trainer.data.description import Description

DESCRIPTION = Description.model_validate(
    {"feedback": "implicit", "item_features": {"genres": {"type": "categories", "name": "movie_genres"}}}
)
SPLITS = ("train", "eval", "test")


@pytest.fixture(scope="module")
def columns():
    """400 plays of 40 users and 30 artists, each pair once, in three splits; one user has everything."""
    random = np.random.default_rng(2)
    pairs = {(int(user), int(item)) for user, item in random.integers((1, 0), (40, 30), (500, 2))}
    pairs = sorted(pairs | {(0, item) for item in range(30)})
    split = random.choice(3, len(pairs), p=(0.7, 0.15, 0.15))
    return {
        name: {
            "user_id": [f"u{user}" for user, _ in mine],
            "movie_id": [f"m{item}" for _, item in mine],
            "movie_title": [f"Artist {item}" for _, item in mine],
            "movie_genres": [["rock"] if item % 2 else [] for _, item in mine],
            "user_rating": [float(2 + item) for _, item in mine],
            "timestamp": [1000 * user + item for user, item in mine],
            "user_country": [f"c{user % 3}" for user, _ in mine],
        }
        for place, name in enumerate(SPLITS)
        for mine in [[pair for pair, code in zip(pairs, split, strict=True) if code == place]]
    }


def run(columns, folder, negatives=3, description=DESCRIPTION):
    examples, labelled = standard_artifacts.Examples(), standard_artifacts.Examples()
    examples.uri, labelled.uri = str(folder / "examples"), str(folder / "labelled")
    examples.split_names = json.dumps(list(columns))
    for split, rows in columns.items():
        (folder / "examples" / f"Split-{split}").mkdir(parents=True)
        _write(folder / "examples" / f"Split-{split}" / "data-00000-of-00001.gz", rows)
    Executor().Do(
        {"examples": [examples]},
        {"labelled": [labelled]},
        {"negatives": negatives, "description": description.model_dump_json()},
    )
    return labelled


def read(labelled, split):
    files = tf.io.gfile.glob(f"{labelled.uri}/Split-{split}/*")
    records = tf.data.TFRecordDataset(files, compression_type="GZIP")
    rows = []
    for record in records.as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        kinds = {
            name: getattr(each, each.WhichOneof("kind") or "bytes_list").value
            for name, each in feature.items()
        }
        rows.append(
            {
                name: [value.decode() if isinstance(value, bytes) else value for value in values]
                for name, values in kinds.items()
            }
        )
    return rows


@pytest.fixture(scope="module")
def labelled(columns, tmp_path_factory):
    return run(columns, tmp_path_factory.mktemp("sampled"))


@pytest.mark.parametrize("split", ["eval", "test"])
def test_each_interaction_is_followed_by_its_negatives(split, labelled, columns):
    rows = read(labelled, split)
    given = columns[split]
    positives = [row for row in rows if row["user_rating"] == [1.0]]
    assert [(row["user_id"][0], row["movie_id"][0]) for row in positives] == list(
        zip(given["user_id"], given["movie_id"], strict=True)
    )
    everything = sum(user != "u0" for user in given["user_id"])
    assert len(rows) == len(given["user_id"]) + 3 * everything
    known = {
        pair for each in columns.values() for pair in zip(each["user_id"], each["movie_id"], strict=True)
    }
    last = None
    for row in rows:
        if row["user_rating"] == [1.0]:
            last = row
            continue
        assert row["user_rating"] == [0.0]
        assert (row["user_id"][0], row["movie_id"][0]) not in known
        for name in ("user_id", "timestamp", "user_country"):  # the user's and the moment's
            assert row[name] == last[name]
        number = int(row["movie_id"][0][1:])  # the item's
        assert row["movie_title"] == [f"Artist {number}"]
        assert row["movie_genres"] == (["rock"] if number % 2 else [])


def test_a_negative_has_no_event_type(columns, tmp_path):
    described = Description(feedback="implicit", strength="weight", events={"weights": {"view": 1, "buy": 5}})
    told = {split: rows | {"event": ["buy"] * len(rows["user_id"])} for split, rows in columns.items()}
    for row in read(run(told, tmp_path, description=described), "eval"):
        assert row.get("event") == (["buy"] if row["user_rating"] == [1.0] else None)


def test_what_was_drawn_is_counted_and_the_splits_are_named(labelled, columns):
    counts = json.loads(Path(labelled.uri, "negatives.json").read_text())
    for split in ("eval", "test"):
        users = columns[split]["user_id"]
        assert counts[split] == {
            "positives": len(users),
            "negatives": 3 * sum(user != "u0" for user in users),
        }
    assert json.loads(labelled.split_names) == ["eval", "test"]


def test_the_same_rows_have_the_same_negatives_in_whatever_order_they_come(labelled, columns, tmp_path):
    turned = {split: {name: values[::-1] for name, values in rows.items()} for split, rows in columns.items()}
    again = run(turned, tmp_path)
    for split in ("eval", "test"):
        once, twice = (
            sorted(
                (row["user_id"][0], row["movie_id"][0], row["user_rating"][0]) for row in read(each, split)
            )
            for each in (labelled, again)
        )
        assert once == twice
