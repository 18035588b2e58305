"""The evaluator on recommenders whose lists are written down, and on real ones that are assembled anew."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.components.util import model_utils
from tfx.types import standard_artifacts

from components.movielens_example_gen.shipped import shipped
from components.recommender_assembler.executor import Executor as Assembler
from components.recommender_evaluator.executor import Executor
from marquee.errors import ConfigError
from trainer.data.description import Description
from trainer.data.pairs.pair_hash import pair_hashes
from trainer.data.pairs.trained_on import TrainedOn
from trainer.data.ratings import Ratings
from trainer.evaluation.recommender_measures import LIST_MEASURES, RECOMMENDER_MEASURES
from trainer.judging.under_mean import Liked, UnderMean

# Stars by user and film; in train the means are 3 (u1), 4 (u2) and 2 (u3).
TRAIN = {"u1": {"a": 2, "b": 4}, "u2": {"a": 4, "b": 4, "c": 4}, "u3": {"a": 1, "c": 3}}
EVAL = {"u1": {"c": 1, "d": 5}, "u2": {"d": 4}, "u3": {"b": 1, "d": 2, "x": 5}, "u9": {"a": 1}}
USERS, FILMS = ("u2", "u1", "u3"), tuple("abcd")
GOOD = {"u1": "d", "u2": "d", "u3": "bd"}
BAD = {"u1": "c", "u2": "", "u3": "b"}
LOG3 = np.log2(3)


class Lists(tf.Module):
    """Shows each user the films written down, and nobody else anything."""

    def __init__(self, lists):
        super().__init__()
        users = list(lists)
        rows = [[*films, *[""] * (10 - len(films))] for films in lists.values()]
        self.users = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(users, tf.range(1, len(users) + 1)), 0
        )
        self.films = tf.constant([[""] * 10, *rows])

    def recommend(self, user_id, k, exclude_seen):
        films = tf.gather(self.films, self.users.lookup(user_id))[:, :k]
        return {"movie_id": tf.where(exclude_seen, films, films)}


def export(folder, lists):
    module = Lists(lists)
    call = tf.function(module.recommend).get_concrete_function(
        tf.TensorSpec([None], tf.string, name="user_id"),
        tf.TensorSpec([], tf.int32, name="k"),
        tf.TensorSpec([], tf.bool, name="exclude_seen"),
    )
    tf.saved_model.save(module, str(folder / "Format-Serving"), signatures={"recommend": call})
    TrainedOn.of(pair_hashes(["somebody"], ["something"])).write(folder / "trained")
    return folder


def write_split(folder, rated):
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "data.gz"), tf.io.TFRecordOptions("GZIP")) as writer:
        for user, films in rated.items():
            for film, stars in films.items():
                texts = {"user_id": user, "movie_id": film, "movie_title": film}
                feature = {
                    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
                    for name, text in texts.items()
                }
                feature["user_rating"] = tf.train.Feature(float_list=tf.train.FloatList(value=[stars]))
                example = tf.train.Example(features=tf.train.Features(feature=feature))
                writer.write(example.SerializeToString())


def artifact(kind, path, identity=0):
    path.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri, made.id = str(path), identity
    return made


def execute(inputs, folder, bars=None, over_popularity=None, description=None):
    """Runs the executor; gives (metrics.json, whether it blessed)."""
    outputs = {
        "evaluation": [artifact(standard_artifacts.ModelEvaluation, folder / "evaluation")],
        "blessing": [artifact(standard_artifacts.ModelBlessing, folder / "blessing")],
    }
    parameters = {
        "bars": json.dumps(bars or {}),
        "over_popularity": json.dumps(over_popularity or {}),
        "min_rating": "",
        "max_users": "null",
        "description": (description or shipped("movielens")).model_dump_json(),
        "code_fingerprint": "",
    }
    Executor().Do(inputs, outputs, parameters)
    metrics = json.loads((folder / "evaluation" / "metrics.json").read_text())
    blessed = model_utils.is_model_blessed(outputs["blessing"][0])
    assert blessed == metrics["blessed"]
    return metrics, blessed


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_split(folder / "examples" / "Split-train", TRAIN)
    write_split(folder / "examples" / "Split-eval", EVAL)
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    for name, words in {"user_id": USERS, "movie_id": FILMS}.items():
        (assets / name).write_text("\n".join(words) + "\n")
    examples = artifact(standard_artifacts.Examples, folder / "examples", 1)
    examples.split_names = '["train", "eval"]'
    transform = artifact(standard_artifacts.TransformGraph, folder / "transform", 2)
    return {"examples": [examples], "transform_graph": [transform]}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    made = {
        "good": export(folder / "good", GOOD),
        "bad": export(folder / "bad", BAD),
        "other films": export(folder / "other", {"u1": "zd", "u2": "zzzd"}),
        "older": export(folder / "older", {"u1": "bad", "u2": "abcd", "u3": "cbad"}),
    }
    return {
        name: [artifact(standard_artifacts.Model, path, 10 + place)]
        for place, (name, path) in enumerate(made.items())
    }


def test_lists_are_measured_by_what_they_find_and_by_what_their_users_thought_of_it(inputs, models, tmp_path):
    metrics, _ = execute({**inputs, "model": models["good"]}, tmp_path, {"ndcg@10": {"min": 0.5}})

    assert list(metrics["candidate"]) == list(metrics["popularity"]) == list(RECOMMENDER_MEASURES)
    candidate = metrics["candidate"]
    ideal_of_three, ideal_of_two = 1 + 1 / LOG3 + 1 / 2, 1 + 1 / LOG3
    assert candidate["ndcg@10"] == pytest.approx((1 / ideal_of_two + 1 + ideal_of_two / ideal_of_three) / 3)
    assert candidate["coverage@10"] == 2 / 4
    # Four slots were rated: d of u1 (5 of 3) and of u2 (4 of 4), b (1 of 2) and d (2 of 2) of u3.
    assert candidate["under_mean@10"] == 1 / 4
    # Everybody is shown what is left: u1 c and d, u2 d, u3 b and d; c and b were liked less than usual.
    assert metrics["popularity"]["under_mean@10"] == 2 / 5
    assert metrics["eval"]["under_mean"] == 2 / 5
    assert metrics["eval"]["users"] == 3
    assert metrics["search"] == {}
    assert metrics["baseline"] is None
    assert metrics["slices"]["activity"]["heavy"]["candidate"]["under_mean@10"] == 0


def test_implicit_data_have_no_mean_rating_to_be_below(inputs, models, tmp_path):
    implicit = Description(feedback="implicit", strength="count")
    metrics, _ = execute({**inputs, "model": models["good"]}, tmp_path, description=implicit)

    assert list(metrics["candidate"]) == list(metrics["popularity"]) == list(LIST_MEASURES)
    assert "under_mean" not in metrics["eval"]
    bars = {"under_mean@10": {"max": 0.5}}
    with pytest.raises(ConfigError, match="bars: there is no"):
        execute({**inputs, "model": models["good"]}, tmp_path / "barred", bars, description=implicit)


def test_a_recommender_that_finds_less_than_the_last_blessed_one_is_refused(inputs, models, tmp_path):
    given = {**inputs, "model": models["bad"], "baseline_model": models["good"]}
    metrics, blessed = execute(given, tmp_path, {"ndcg@10": {"max_decrease": 0.0}})

    assert not blessed
    assert "worse than the last blessed model's" in metrics["reasons"][0]
    assert (tmp_path / "blessing" / "NOT_BLESSED").exists()


def test_one_that_shows_more_of_what_people_like_less_than_usual_is_refused_where_a_bar_says_so(
    inputs, models, tmp_path
):
    given = {**inputs, "model": models["bad"], "baseline_model": models["good"]}
    metrics, blessed = execute(given, tmp_path, {"under_mean@10": {"max": 0.5, "max_increase": 0.1}})

    assert not blessed
    assert metrics["reasons"] == [
        "under_mean@10 1.0000 is over the bar of 0.5",
        "under_mean@10 1.0000: 0.7500 up, worse than the last blessed model's 0.2500",
    ]
    assert metrics["change"]["baseline"]["under_mean@10"]["mean"] == 0.75


def test_the_same_recommender_again_is_not_worse(inputs, models, tmp_path):
    given = {**inputs, "model": models["good"], "baseline_model": models["good"]}
    bars = {"ndcg@10": {"max_decrease": 0}, "under_mean@10": {"max_increase": 0}, "coverage@10": {"min": 0.5}}
    metrics, blessed = execute(given, tmp_path, bars, {"ndcg@10": 0.5})

    assert blessed
    assert metrics["change"]["baseline"]["under_mean@10"] == {"mean": 0, "standard_error": 0}


def test_items_that_train_does_not_know_keep_their_slots(inputs, models, tmp_path):
    given = {**inputs, "model": models["good"], "baseline_model": models["other films"]}
    metrics, _ = execute(given, tmp_path, {"ndcg@10": {"min": 0}})

    ndcg = (1 / LOG3 / (1 + 1 / LOG3) + 1 / math.log2(5) + 0) / 3
    assert metrics["baseline"]["ndcg@10"] == pytest.approx(ndcg)


@pytest.mark.parametrize("bars", [{"index_recall@100": {"min": 0.9}}, {"ndcg@20": {"min": 0.1}}])
def test_what_is_not_measured_of_a_recommender_is_no_bar(inputs, models, tmp_path, bars):
    with pytest.raises(ConfigError, match="bars: there is no"):
        execute({**inputs, "model": models["good"]}, tmp_path, bars)


def test_the_standard_error_of_a_change_is_that_of_the_same_users():
    random = np.random.default_rng(0)
    rated = random.integers(0, 5, 2000)
    under = random.binomial(rated, 0.3)
    one, other = (
        UnderMean(rated, under),
        UnderMean(rated, np.minimum(under + (random.random(2000) < 0.01), rated)),
    )

    # As if each slot were drawn by itself: sqrt(p (1 - p) / n).
    assert one.standard_error() == pytest.approx(
        math.sqrt(one.share * (1 - one.share) / rated.sum()), rel=0.05
    )
    change = other.change(one)
    assert change["mean"] == pytest.approx(other.share - one.share)
    assert change["standard_error"] < 0.2 * one.standard_error()


def test_ratings_that_say_nothing_have_no_share():
    def ratings(user, movie, stars):
        zeros = np.zeros(len(user), np.int64)
        return Ratings(np.array(user), np.array(movie), np.array(stars, np.float32), zeros)

    train = ratings([1, 1, 1], [1, 2, 3], [0.1, 0.1, 0.1])  # a mean that rounds
    liked = Liked(train, ratings([1, 2, 0], [4, 1, 2], [0.1, 5, 5]), users=3)
    lists = np.array([[4, -1], [1, 2]], np.int32)
    found = liked.of(lists, np.array([1, 2], np.int32))

    assert (found.rated.tolist(), found.under.tolist()) == ([1, 0], [0, 0])
    nothing = Liked(train, ratings([2], [1], [5]), users=3).of(lists, np.array([1, 2], np.int32))
    assert math.isnan(nothing.share)
    assert math.isnan(nothing.change(found)["mean"])


@pytest.mark.parametrize("weight", [0.5, 5.0])
def test_a_weight_of_ratings_that_costs_what_is_found_is_refused(finished, tmp_path, weight):
    """The judged models of a finished run, assembled with another weight, against what that run blessed."""
    _, run = finished

    def made(kind, node, key):
        return [artifact(kind, run.output(node, key).path)]

    parts = {
        name: made(standard_artifacts.Model, f"{name.capitalize()}Trainer", "model")
        for name in ("ranking", "retrieval")
    }
    assembled = artifact(standard_artifacts.Model, tmp_path / "model", 2)
    Assembler().Do(parts, {"model": [assembled]}, {"candidates": 200, "rating_weight": weight})
    examples = made(standard_artifacts.Examples, "MovieLensExampleGen", "examples")
    examples[0].split_names = '["train", "eval", "test"]'
    given = {
        "examples": examples,
        "transform_graph": made(standard_artifacts.TransformGraph, "Transform", "transform_graph"),
        "model": [assembled],
        "baseline_model": made(standard_artifacts.Model, "RecommenderAssembler", "model"),
    }
    from pipeline.config.bars import limits
    from pipeline.config.schema import RecommenderBlessConfig

    bars = limits(RecommenderBlessConfig().bars)
    metrics, blessed = execute(given, tmp_path, bars)

    assert metrics["candidate"]["ndcg@10"] < metrics["baseline"]["ndcg@10"]
    assert not blessed
    assert "nothing is put down to chance" in metrics["reasons"][0]


def test_chance_is_allowed_for_between_two_trainings_and_not_between_two_settings(inputs, models, tmp_path):
    bars = {"ndcg@10": {"max_decrease": {"standard_errors": 100}}}
    given = {**inputs, "model": models["bad"], "baseline_model": models["good"]}
    assert execute(given, tmp_path / "trained anew", bars)[1]
    for name in ("bad", "good"):
        extra = Path(models[name][0].uri) / "Format-Serving" / "assets.extra"
        extra.mkdir(exist_ok=True)
        (extra / "recommender.json").write_text(json.dumps({"ranking": "/a", "retrieval": "/b"}))
    metrics, blessed = execute(given, tmp_path / "set anew", bars)

    assert not blessed
    assert metrics["reasons"][0].endswith("so nothing is put down to chance")


def test_what_was_rated_since_an_older_model_was_made_takes_no_place_in_its_lists(inputs, models, tmp_path):
    """Those films are candidates for nobody: they would be sure misses, and the older model's handicap."""
    older, good = (
        execute({**inputs, "model": models["bad"], "baseline_model": models[name]}, tmp_path / name)[0]
        for name in ("older", "good")
    )

    assert older["baseline"]["ndcg@10"] == good["baseline"]["ndcg@10"]
    assert older["baseline"]["recall@10"] == good["baseline"]["recall@10"]


def test_a_model_whose_training_nobody_wrote_down_is_no_comparison(inputs, models, tmp_path):
    record = Path(models["good"][0].uri) / "trained" / "trained_on.npz"
    kept = record.read_bytes()
    record.unlink()
    try:
        given = {**inputs, "model": models["bad"], "baseline_model": models["good"]}
        metrics, blessed = execute(given, tmp_path, {"ndcg@10": {"max_decrease": 0.0}})
    finally:
        record.write_bytes(kept)

    assert blessed
    assert metrics["overlap"] == {"share": None, "rows": 7}
    assert "it is not known what that was trained on" in metrics["reasons"][0]


def test_a_baseline_that_learned_what_is_asked_is_no_comparison(inputs, models, tmp_path):
    pairs = pair_hashes(*zip(*((user, film) for user, films in EVAL.items() for film in films), strict=True))
    learned = Path(models["other films"][0].uri) / "trained"
    TrainedOn.of(pairs[:3]).write(learned)
    given = {**inputs, "model": models["bad"], "baseline_model": models["other films"]}
    metrics, blessed = execute(given, tmp_path, {"ndcg@10": {"max_decrease": 0.0}})

    assert blessed
    assert metrics["overlap"] == {"share": 3 / 7, "rows": 7}
    assert "was trained on 43 % of eval" in metrics["reasons"][0]
