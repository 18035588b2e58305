"""The component on the smallest parts there can be: two films, and stars that turn their order."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import channel_utils, standard_artifacts

from components.recommender_assembler import RecommenderAssembler
from components.recommender_assembler.executor import Executor
from components.serving_validator.executor import validate
from marquee.errors import TrainingError
from serving.data_words import DataWords, description_of
from trainer.data.description import Categories, Category, Description, Nouns
from trainer.data.pairs.trained_on import TrainedOn

STARS, NEARNESS = [3.0, 4.0], [0.2, 0.1]


class Ranking(tf.Module):
    """The second film is a star better."""

    def __init__(self):
        super().__init__()
        self.stars = tf.Variable(STARS)

    @tf.function
    def rate_ids(self, user_id, movie_id):
        return {
            "user_rating": tf.gather(self.stars, tf.cast(movie_id == "m2", tf.int32)) + 0 * _size(user_id)
        }


class Retrieval(tf.Module):
    """The first film is a little nearer, to everybody."""

    def __init__(self):
        super().__init__()
        self.nearness = tf.Variable(NEARNESS)

    @tf.function
    def candidates(self, user_id, k, exclude_seen):
        return self._first(user_id, k + 0 * tf.size(exclude_seen))

    @tf.function
    def candidates_from_history(self, movie_title, k):
        return self._first(movie_title[:, 0], k)

    @tf.function
    def candidates_for_history(self, movie_id, weight, k):
        return self._first(movie_id[:, 0], k + 0 * tf.size(weight))

    def _first(self, rows, k):
        columns = {"movie_id": ["m1", "m2"], "movie_title": ["One", "Two"], "score": self.nearness}
        columns = {name: tf.boolean_mask(each, tf.range(2) < k) for name, each in columns.items()}
        return {name: tf.tile(each[None], [tf.size(rows), 1]) for name, each in columns.items()}


def _size(strings):
    return tf.cast(tf.strings.length(strings), tf.float32)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Two Model artifacts."""
    folder = tmp_path_factory.mktemp("parts")

    def strings(name, *shape):
        return tf.TensorSpec([None, *shape], tf.string, name)

    k, flag = tf.TensorSpec([], tf.int32, "k"), tf.TensorSpec(None, tf.bool, "exclude_seen")
    rank, retrieve = Ranking(), Retrieval()
    tf.saved_model.save(
        rank,
        str(folder / "ranking" / "Format-Serving"),
        {"rate_ids": rank.rate_ids.get_concrete_function(strings("user_id"), strings("movie_id"))},
    )
    served = folder / "retrieval" / "Format-Serving"
    tf.saved_model.save(
        retrieve,
        str(served),
        {
            "candidates": retrieve.candidates.get_concrete_function(strings("user_id"), k, flag),
            "candidates_from_history": retrieve.candidates_from_history.get_concrete_function(
                strings("movie_title", None), k
            ),
            "candidates_for_history": retrieve.candidates_for_history.get_concrete_function(
                strings("movie_id", None), tf.TensorSpec([None, None], tf.float32, "weight"), k
            ),
        },
    )
    (served / "assets.extra").mkdir()
    (served / "assets.extra" / "user_ids.txt").write_text("u1\nu2\n")
    return {name: artifact(folder / name) for name in ("ranking", "retrieval")}


def artifact(path):
    path.mkdir(exist_ok=True)
    made = standard_artifacts.Model()
    made.uri = str(path)
    return made


def execute(parts, path, rating_weight=0.2, description=""):
    Executor().Do(
        {name: [part] for name, part in parts.items()},
        {"model": [artifact(path)]},
        {
            "candidates": 200,
            "rating_weight": rating_weight,
            "description": description,
            "code_fingerprint": "0",
        },
    )
    return path / "Format-Serving"


def test_the_artifact_holds_a_recommender_that_a_server_answers_from(parts, tmp_path):
    saved_model = execute(parts, tmp_path / "model")
    found = validate({"recommender": saved_model})

    assert found["problems"] == []
    assert found["requests"] == 10  # five questions, over REST and gRPC
    made_of = json.loads((saved_model / "assets.extra" / "recommender.json").read_text())
    assert made_of["ranking"] == str(parts["ranking"].uri) + "/Format-Serving"
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"Format-Serving", "trained"}


def test_it_carries_the_words_for_its_data(parts, tmp_path):
    described = Description(
        feedback="implicit",
        nouns=Nouns(user="listener", item="artist"),
        item_features={"label": Category(), "tags": Categories()},
    )
    saved_model = execute(parts, tmp_path / "model", description=described.model_dump_json())

    assert json.loads((saved_model / "assets.extra" / "description.json").read_text()) == {
        "feedback": "implicit",
        "scale": None,
        "nouns": {"user": "listener", "users": "listeners", "item": "artist", "items": "artists"},
        "grouping": "tags",
        "names": described.names.by_role(),
    }
    assert DataWords.of(description_of(saved_model)).items == "artists"


def test_it_says_by_which_features_its_parts_know_people(parts, tmp_path):
    country = {"type": "category", "values": ["DE"], "complete": True, "prefix": None}
    copies = {}
    for name, part in parts.items():
        shutil.copytree(part.uri, tmp_path / name)
        copies[name] = artifact(tmp_path / name)
        extra = tmp_path / name / "Format-Serving" / "assets.extra"
        extra.mkdir(exist_ok=True)
        features = {"country": country} if name == "retrieval" else {}
        (extra / "description.json").write_text(json.dumps({"user_features": features}))
    saved_model = execute(copies, tmp_path / "model", description=Description().model_dump_json())
    assert description_of(saved_model)["user_features"] == {"country": country}


def test_a_recommender_was_trained_on_what_its_parts_were_trained_on(parts, tmp_path):
    for name, pairs in (("ranking", [1, 2]), ("retrieval", [2, 3])):
        TrainedOn.of(np.array(pairs, np.uint64)).write(Path(parts[name].uri) / "trained")
    execute(parts, tmp_path / "model")

    record = TrainedOn.read(tmp_path / "model" / "trained")
    assert (record.pairs.tolist(), record.complete) == ([1, 2, 3], True)


@pytest.mark.parametrize(("weight", "first"), [(0.0, b"m1"), (0.05, b"m1"), (0.2, b"m2")])
def test_a_stars_weight_decides_the_order(parts, tmp_path, weight, first):
    saved_model = execute(parts, tmp_path / "model", weight)
    found = tf.saved_model.load(str(saved_model)).signatures["serving_default"](user_id=tf.constant(["u1"]))

    assert found["movie_id"][0, 0].numpy() == first


def test_a_model_that_answers_otherwise_than_its_parts_is_not_kept(parts, tmp_path, monkeypatch):
    from trainer.export.recommender.recommender import Recommender

    def of_another_weight(self, found, *others):
        return ordered(self, {**found, "score": found["score"] + 1.0}, *others)

    ordered = Recommender._ordered
    monkeypatch.setattr(Recommender, "_ordered", of_another_weight)
    with pytest.raises(TrainingError, match="differs from the trained one by 1: serving_default, score"):
        execute(parts, tmp_path / "model")
    assert not (tmp_path / "model" / "Format-Serving").exists()


def test_what_a_killed_run_left_is_no_hindrance(parts, tmp_path):
    left = tmp_path / "model" / "Format-Serving.part" / "variables"
    left.mkdir(parents=True)
    (left / "half").write_text("")
    saved_model = execute(parts, tmp_path / "model")

    assert not (saved_model / "variables" / "half").exists()


def test_its_node_takes_two_models_and_gives_one(parts):
    node = RecommenderAssembler(
        ranking=channel_utils.as_channel([parts["ranking"]]),
        retrieval=channel_utils.as_channel([parts["retrieval"]]),
        candidates=200,
        rating_weight=0.2,
        code_fingerprint="0",
    )

    assert node.outputs["model"].type is standard_artifacts.Model
    assert node.exec_properties == {
        "candidates": 200,
        "rating_weight": 0.2,
        "description": "",
        "code_fingerprint": "0",
    }
