"""The report on models whose answers are written down."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.movielens_example_gen.shipped import shipped
from components.run_report.executor import Executor

# By falling frequency: films a b c d e, users u2 u4 u1 u3.
TRAIN = {"u1": "ab", "u2": "abc", "u3": "ac", "u4": "ade"}
TEST = {"u1": "cd", "u2": "e", "u5": "a"}
USERS, FILMS = ("u2", "u4", "u1", "u3"), tuple("abcde")
LOG3 = np.log2(3)
TEXT = tf.TensorSpec([None], tf.string)


def lookup(words):
    values = tf.range(1, len(words) + 1)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tf.constant(words), values), 0)


def save(folder, module, **inputs):
    signatures = {
        name: tf.function(getattr(module, name)).get_concrete_function(
            **{key: tf.TensorSpec(spec.shape, spec.dtype, name=key) for key, spec in specs.items()}
        )
        for name, specs in inputs.items()
    }
    tf.saved_model.save(module, str(folder / "Format-Serving"), signatures=signatures)
    return artifact(standard_artifacts.Model, folder)


def artifact(kind, path):
    path.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri = str(path)
    return made


class Ranking(tf.Module):
    """Every rating is 3."""

    def serving_examples(self, examples):
        return {"user_rating": tf.fill(tf.shape(examples), 3.0)}


class Retrieval(tf.Module):
    """Everybody prefers e to d, d to c and so on."""

    def __init__(self):
        super().__init__()
        self.films = lookup(FILMS)

    def user_vector(self, user_id):
        return {"vector": tf.ones([tf.size(user_id), 1])}

    def movie_vector(self, movie_id):
        return {"vector": tf.cast(self.films.lookup(movie_id), tf.float32)[:, None]}

    def describe(self, movie_id):
        return {"ratings": self.films.lookup(movie_id)}

    def because(self, user_id, movie_id):
        """Of u1's films a is most like d, and nothing is like anything else."""
        like = (user_id[:, None] == "u1") & (movie_id == "d")
        return {"movie_title": tf.where(like, "a", ""), "similarity": tf.where(like, 0.5, 0.0)}


class Recommender(tf.Module):
    """u1 is shown d and c, u2 only a, which they have seen, and nobody anything else."""

    def __init__(self):
        super().__init__()
        self.users = lookup(("u1", "u2"))
        self.lists = tf.constant([["", ""], ["d", "c"], ["a", ""]])

    def recommend(self, user_id, k, exclude_seen):
        # Only asked with what was seen left out, and never beyond k.
        found = tf.where(exclude_seen, tf.gather(self.lists, self.users.lookup(user_id))[:, :k], "")
        rating = tf.where(found == "d", 4.5, 2.0)
        return {"movie_id": found, "user_rating": rating, "score": rating + 1}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    for split, watched in {"train": TRAIN, "test": TEST}.items():
        (folder / "examples" / f"Split-{split}").mkdir(parents=True)
        file = str(folder / "examples" / f"Split-{split}" / "data.gz")
        with tf.io.TFRecordWriter(file, tf.io.TFRecordOptions("GZIP")) as writer:
            for user, film in ((user, film) for user, films in watched.items() for film in films):
                writer.write(example(user, film, 4.0 if split == "test" else 2.0))
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    (assets / "user_id").write_text("\n".join(USERS))
    (assets / "movie_id").write_text("\n".join(FILMS))
    examples = artifact(standard_artifacts.Examples, folder / "examples")
    examples.split_names = '["train", "test"]'
    k, flag = tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.bool)
    return {
        "examples": [examples],
        "transform_graph": [artifact(standard_artifacts.TransformGraph, folder / "transform")],
        "ranking": [save(folder / "ranking", Ranking(), serving_examples={"examples": TEXT})],
        "retrieval": [
            save(
                folder / "retrieval",
                Retrieval(),
                user_vector={"user_id": TEXT},
                movie_vector={"movie_id": TEXT},
                describe={"movie_id": TEXT},
                because={"user_id": TEXT, "movie_id": tf.TensorSpec([None, None], tf.string)},
            )
        ],
        "recommender": [
            save(
                folder / "recommender",
                Recommender(),
                recommend={"user_id": TEXT, "k": k, "exclude_seen": flag},
            )
        ],
    }


def example(user, film, stars):
    feature = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
        for name, text in {"user_id": user, "movie_id": film, "movie_title": film}.items()
    }
    feature["user_rating"] = tf.train.Feature(float_list=tf.train.FloatList(value=[stars]))
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


@pytest.fixture
def report(inputs, tmp_path):
    def run(*channels, min_rating="", file="report.json"):
        given = {name: inputs[name] for name in ("examples", "ranking", *channels)}
        outputs = {"report": [artifact(standard_artifacts.Model, tmp_path / "report")]}
        Executor().Do(
            given,
            outputs,
            {
                "min_rating": min_rating,
                "max_users": "null",
                "description": shipped("movielens").model_dump_json(),
                "code_fingerprint": "",
            },
        )
        return json.loads((tmp_path / "report" / file).read_text())

    return run


RATINGS = {"test": {"rows": 4, "rmse": 1.0, "mae": 1.0}, "mean_rating_baseline": {"rmse": 2.0, "mae": 2.0}}


def test_the_ranking_model_alone_is_reported_beside_the_mean(report):
    assert report() == RATINGS


def test_the_retrieval_model_is_reported_beside_popularity(report):
    found = report("transform_graph", "retrieval")

    assert {name: found[name] for name in RATINGS} == RATINGS
    # u2's list is e d, u1's e d c; popularity's d e and c d e.
    in_places_2_and_3 = (1 / LOG3 + 1 / 2) / (1 + 1 / LOG3)
    ndcg = {"retrieval": (1 + in_places_2_and_3) / 2, "retrieval_popularity": (1 / LOG3 + 1) / 2}
    for name, expected in ndcg.items():
        assert found[name] == {
            "users": 2,  # train does not know u5
            "recall@10": 1.0,
            "recall@100": 1.0,
            "ndcg@10": pytest.approx(expected),
            "ndcg@100": pytest.approx(expected),
        }
    assert "recommender" not in found


def test_the_recommender_is_reported_by_the_lists_that_it_gives(report):
    found = report("transform_graph", "retrieval", "recommender")
    # All of u1's two films, none of u2's.
    assert found["recommender"] == {"users": 2, "recall@10": 0.5, "ndcg@10": pytest.approx(0.5)}
    assert set(report("transform_graph", "recommender")) == {*RATINGS, "recommender"}


def test_a_test_split_without_positives_does_not_stop_the_run(report):
    found = report("transform_graph", "retrieval", "recommender", min_rating="4.5")
    assert {name: found[name] for name in RATINGS} == RATINGS
    assert [found[name] for name in ("retrieval", "retrieval_popularity", "recommender")] == [None] * 3


def test_the_details_hold_what_the_page_draws(report):
    details = report("transform_graph", "retrieval", "recommender", file="details.json")

    assert set(details) == {"described", "data", "ratings", "map", "users", "latency", "lists"}
    assert details["data"]["splits"]["test"] == {
        "ratings": 4, "users": 2, "items": 4, "unknown_users": 1, "unknown_items": 0, "mean": 4.0,
        "first": None, "last": None,
    }  # fmt: skip
    assert details["data"]["stars"] == {"train": {"2": 10}, "test": {"4": 4}}
    assert details["data"]["density"] == 10 / 20
    assert details["map"] == []  # five films are no map
    # Everything is rated 3 and deserved 4.
    assert details["ratings"]["by_stars"] == [{"stars": 4.0, "rows": 4, "p10": 3.0, "p50": 3.0, "p90": 3.0}]
    assert sum(part["rows"] for part in details["ratings"]["calibration"]) == 4
    assert details["ratings"]["slices"]["activity"]["new"] == {
        "rows": 1, "users": 1, "rmse": 1.0, "low": None, "high": None, "mae": 1.0, "bias": -1.0,
    }  # fmt: skip


def test_the_lists_have_intervals_over_users_and_by_group(report):
    lists = report("transform_graph", "retrieval", "recommender", file="details.json")["lists"]

    # The recommender finds both of u1's films and none of u2's: 0.5 and a standard error of 0.5.
    reach = 1.959963984540054 * 0.5
    assert lists["whole"]["users"] == 2
    assert lists["whole"]["recommender"]["recall@10"] == pytest.approx(
        {"value": 0.5, "low": 0.5 - reach, "high": 0.5 + reach}
    )
    by_activity = lists["slices"]["activity"]
    assert {value: each["recommender"]["recall@10"]["value"] for value, each in by_activity.items()} == {
        "light": 1.0,  # u1
        "medium": 0.0,  # u2
    }
    # d and c of five films count; a, which u2 has watched in train, is no candidate. c has 2 ratings, d 1.
    assert lists["catalogue"]["recommender"]["coverage@10"] == pytest.approx(2 / 5)
    assert lists["catalogue"]["recommender"]["mean_popularity@10"] == pytest.approx(3 / 2)
    assert lists["chosen_popularity"] == pytest.approx((2 + 1 + 1) / 3)


def test_users_are_shown_with_what_they_watched_what_they_get_and_what_they_later_gave(report):
    users = report("transform_graph", "retrieval", "recommender", file="details.json")["users"]

    assert [user["user"] for user in users] == ["u1", "u2"]  # the less active first
    [u1, u2] = users
    assert (u1["ratings"], u1["mean"]) == (2, 2.0)
    assert [film["title"] for film in u1["watched"]] == ["a", "b"]
    assert u1["shown"] == [
        {"title": "d", "words": [], "stars": 4.5, "score": 5.5, "because": "a", "given": 4.0},
        {"title": "c", "words": [], "stars": 2.0, "score": 3.0, "because": None, "given": 4.0},
    ]
    assert [(film["title"], film["given"]) for film in u2["shown"]] == [("a", None)]


def test_the_recommender_is_timed_one_user_at_a_time_and_several(report):
    timed = report("transform_graph", "recommender", file="details.json")["latency"]

    assert 0 < timed["p50_ms"] <= timed["p95_ms"] <= timed["p99_ms"]
    assert sum(timed["counts"]) == timed["calls"] == 200
    assert [batch["users"] for batch in timed["batches"]] == [1, 8, 64]
    for batch in timed["batches"]:
        assert batch["users_per_second"] == pytest.approx(1000 * batch["users"] / batch["ms"])
