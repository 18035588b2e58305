"""The evaluator on models whose scores are written down: who should see which film, and how much."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.components.util import model_utils
from tfx.types import Channel, standard_artifacts

from components.bars import NO_BARS, Baseline
from components.list_evaluation import Bars
from components.movielens_example_gen.shipped import shipped
from components.retrieval_evaluator import RetrievalEvaluator
from components.retrieval_evaluator.executor import Executor
from marquee.errors import ConfigError, TrainingError
from trainer.data.pairs.pair_hash import pair_hashes
from trainer.data.pairs.trained_on import FILE, TrainedOn
from trainer.evaluation.measures import QUALITY_MEASURES, SEARCH_MEASURES

# By falling frequency: films a b c d e, users u2 u4 u1 u3.
TRAIN = {"u1": "ab", "u2": "abc", "u3": "ac", "u4": "ade"}
EVAL = {"u1": "cd", "u2": "e", "u3": "bx", "u5": "a"}
GENDER = {"u1": "F", "u2": "M", "u3": "F", "u4": "M", "u5": "M"}
USERS, FILMS = ("u2", "u4", "u1", "u3"), tuple("abcde")

GOOD = {"u2": {"e": 9}}  # and in the order of popularity for everybody else
BAD = {"u2": {"e": 9}, "u1": {"e": 9}, "u3": {"e": 9}}
LOG3 = np.log2(3)
GOOD_NDCG = (1 + 1 + 1 / (1 + 1 / LOG3)) / 3
POPULARITY_NDCG = (1 / LOG3 + 1 + 1 / (1 + 1 / LOG3)) / 3


class Taste(tf.Module):
    """A user's vector holds a score a film, and a film's vector picks it; index 0 is who is unknown."""

    def __init__(self, taste, users, films, hidden):
        super().__init__()
        self.users, self.films = _lookup(users), _lookup(films)
        self.hidden = tf.constant([float(film in hidden) for film in films])
        self.found = len(films) - len(hidden)
        table = np.tile(np.arange(len(films), 0, -1, dtype=np.float32), (len(users) + 1, 1))
        for user, scores in taste.items():
            for film, score in scores.items():
                table[users.index(user) + 1 if user in users else 0, films.index(film)] = score
        self.table = tf.Variable(table)
        self.names = tf.constant(films)

    def user_vector(self, user_id):
        return {"vector": tf.gather(self.table, self.users.lookup(user_id))}

    def movie_vector(self, movie_id):
        return {"vector": tf.one_hot(self.films.lookup(movie_id) - 1, len(self.names))}

    def describe(self, movie_id):
        return {"ratings": tf.cast(self.films.lookup(movie_id) > 0, tf.int32)}

    def retrieve(self, user_id, k):
        scores = tf.gather(self.table, self.users.lookup(user_id))
        best = tf.math.top_k(scores - 1000.0 * self.hidden, tf.minimum(k, self.found))
        return {"movie_id": tf.gather(self.names, best.indices), "score": best.values}


def _lookup(words):
    values = tf.range(1, len(words) + 1)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tf.constant(words), values), 0)


def export(folder, taste, users=USERS, films=FILMS, hidden=""):
    """Writes a model artifact; `hidden` films are missed by its search."""
    module = Taste(taste, users, films, hidden)
    user = tf.TensorSpec([None], tf.string, name="user_id")
    film = tf.TensorSpec([None], tf.string, name="movie_id")
    inputs = {
        "user_vector": [user],
        "movie_vector": [film],
        "describe": [film],
        "retrieve": [user, tf.TensorSpec([], tf.int32, name="k")],
    }
    signatures = {
        name: tf.function(getattr(module, name)).get_concrete_function(*specs)
        for name, specs in inputs.items()
    }
    tf.saved_model.save(module, str(folder / "Format-Serving"), signatures=signatures)
    TrainedOn.of(pair_hashes(["somebody"], ["something"])).write(folder / "trained")
    return folder


def write_split(folder, watched):
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "data.gz"), tf.io.TFRecordOptions("GZIP")) as writer:
        for user, films in watched.items():
            for film in films:
                texts = {"user_id": user, "movie_id": film, "movie_title": film, "user_gender": GENDER[user]}
                feature = {
                    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
                    for name, text in texts.items()
                }
                feature["user_rating"] = tf.train.Feature(float_list=tf.train.FloatList(value=[4.0]))
                example = tf.train.Example(features=tf.train.Features(feature=feature))
                writer.write(example.SerializeToString())


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """The examples and the transform graph, as TFX would hand them over."""
    folder = tmp_path_factory.mktemp("data")
    write_split(folder / "examples" / "Split-train", TRAIN)
    write_split(folder / "examples" / "Split-eval", EVAL)
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    for name, words in {"user_id": USERS, "movie_id": FILMS, "user_gender": "MF"}.items():
        (assets / name).write_text("\n".join(words) + "\n")
    examples = artifact(standard_artifacts.Examples, folder / "examples", 1)
    examples.split_names = '["train", "eval"]'
    transform = artifact(standard_artifacts.TransformGraph, folder / "transform", 2)
    return {"examples": [examples], "transform_graph": [transform]}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Model artifacts by name."""
    folder = tmp_path_factory.mktemp("models")
    made = {
        "good": export(folder / "good", GOOD),
        "bad": export(folder / "bad", BAD),
        "hides e": export(folder / "hiding", GOOD, hidden="e"),
        # Knows neither u2 nor u3, nor e; z is a film of its own, best of all for everybody.
        "older": export(folder / "older", {"stranger": {"d": 9, "z": 99}}, ("u1", "u9"), tuple("abcdz")),
    }
    return {
        name: artifact(standard_artifacts.Model, path, 10 + place)
        for place, (name, path) in enumerate(made.items())
    }


def artifact(kind, path, identity=0):
    path.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri, made.id = str(path), identity
    return made


@pytest.fixture
def evaluate(inputs, models, tmp_path):
    """Runs the executor; gives (metrics.json, the blessing)."""

    def run(model, baseline=None, bars=None, over_popularity=None, min_rating=""):
        outputs = {
            "evaluation": [artifact(standard_artifacts.ModelEvaluation, tmp_path / "evaluation")],
            "blessing": [artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing")],
        }
        given = {**inputs, "model": [models[model]]}
        if baseline:
            given["baseline_model"] = [models[baseline]]
        parameters = {
            "bars": json.dumps(bars or {}),
            "over_popularity": json.dumps(over_popularity or {}),
            "min_rating": min_rating,
            "max_users": "null",
            "description": shipped("movielens").model_dump_json(),
            "code_fingerprint": "",
        }
        Executor().Do(given, outputs, parameters)
        return json.loads((tmp_path / "evaluation" / "metrics.json").read_text()), outputs["blessing"][0]

    return run


def test_a_model_that_clears_its_bars_is_blessed_as_tfx_blesses(evaluate, models, tmp_path):
    metrics, blessing = evaluate("good", "bad", {"ndcg@10": {"min": 0.8, "max_decrease": 0.0}})

    assert metrics["blessed"]
    assert model_utils.is_model_blessed(blessing)
    assert (tmp_path / "blessing" / "BLESSED").exists()
    assert not (tmp_path / "blessing" / "NOT_BLESSED").exists()
    for name, which in (("current_model", "good"), ("baseline_model", "bad")):
        assert blessing.get_string_custom_property(name) == models[which].uri
        assert blessing.get_int_custom_property(f"{name}_id") == models[which].id


def test_a_model_that_is_worse_than_the_last_blessed_one_is_not_blessed(evaluate, tmp_path):
    metrics, blessing = evaluate("bad", "good", {"ndcg@10": {"max_decrease": 0.001}})

    assert not metrics["blessed"]
    assert blessing.get_int_custom_property("blessed") == 0
    assert not model_utils.is_model_blessed(blessing)
    assert (tmp_path / "blessing" / "NOT_BLESSED").exists()
    candidate = metrics["candidate"]["ndcg@10"]
    assert metrics["reasons"] == [
        f"ndcg@10 {candidate:.4f}: {GOOD_NDCG - candidate:.4f} down, worse than the last blessed model's "
        f"{GOOD_NDCG:.4f}"
    ]


def test_a_baseline_that_was_trained_on_eval_is_not_compared(evaluate, models):
    folder = Path(models["good"].uri) / "trained"
    before = (folder / FILE).read_bytes()
    TrainedOn.of(pair_hashes(["u1", "u2", "u9"], ["c", "e", "c"])).write(folder)
    try:
        bars = {"ndcg@10": {"max_decrease": 0.001}, "recall@10": {"min": 0.99}}
        metrics, blessing = evaluate("bad", "good", bars)
    finally:
        (folder / FILE).write_bytes(before)

    assert metrics["overlap"] == {"share": pytest.approx(2 / 6), "rows": 6}
    assert [bar["passed"] for bar in metrics["bars"]] == [True, False]  # an absolute limit holds
    assert metrics["reasons"][0].endswith(
        "not compared with the last blessed model, which was trained on 33 % of eval (2 of 6 ratings): "
        "data.split.kind: hash keeps every rating on its side as data grows"
    )
    assert not model_utils.is_model_blessed(blessing)


@pytest.mark.parametrize(("errors", "blessed"), [(2, True), (0.5, False)])
def test_a_decrease_may_be_so_many_standard_errors_of_the_paired_difference(evaluate, errors, blessed):
    metrics, _ = evaluate("bad", "good", {"ndcg@10": {"max_decrease": {"standard_errors": errors}}})

    change = metrics["change"]["baseline"]["ndcg@10"]
    assert 0.5 < -change["mean"] / change["standard_error"] < 2
    assert metrics["blessed"] is blessed
    assert metrics["overlap"] == {"share": 0.0, "rows": 6}


def test_the_same_model_again_is_not_worse(evaluate):
    metrics, _ = evaluate("good", "good", {"ndcg@10": {"max_decrease": 0.0}, "gini@10": {"max_increase": 0}})
    assert metrics["blessed"]
    assert metrics["change"]["baseline"]["ndcg@10"] == {"mean": 0, "standard_error": 0}


def test_the_first_model_has_nothing_to_be_compared_with(evaluate):
    metrics, blessing = evaluate("good", bars={"ndcg@10": {"max_decrease": 0.0}})

    assert metrics["blessed"]
    assert metrics["baseline"] is None
    assert metrics["reasons"] == ["ndcg@10: no model was blessed before, nothing to compare with"]
    assert not blessing.has_custom_property("baseline_model")


@pytest.mark.parametrize(("ratio", "blessed"), [(1.1, True), (1.2, False)])
def test_a_model_must_beat_popularity_by_as_much_as_is_asked(evaluate, ratio, blessed):
    metrics, _ = evaluate("good", over_popularity={"ndcg@10": ratio})

    assert metrics["blessed"] is blessed
    assert metrics["reasons"] == [
        f"ndcg@10 {GOOD_NDCG:.4f} is {GOOD_NDCG / POPULARITY_NDCG:.2f} times the popularity baseline's "
        f"{POPULARITY_NDCG:.4f}, {'within' if blessed else 'under'} the bar of {ratio:g} times"
    ]


def test_the_metrics_are_of_candidate_and_popularity_whole_and_by_slice(evaluate):
    metrics, _ = evaluate("good", bars={"recall@10": {"min": 0.1}})

    assert list(metrics["candidate"]) == list(metrics["popularity"]) == list(QUALITY_MEASURES)
    assert metrics["candidate"]["ndcg@10"] == pytest.approx(GOOD_NDCG)
    assert metrics["popularity"]["ndcg@10"] == pytest.approx(POPULARITY_NDCG)
    assert metrics["candidate"]["coverage@100"] == 0.8
    assert metrics["standard_errors"]["candidate"]["recall@10"] == pytest.approx(1 / 6)
    assert list(metrics["slices"]) == ["activity", "gender"]  # this data has no ages
    women = metrics["slices"]["gender"]["F"]
    assert women["users"] == 2
    assert women["candidate"]["recall@10"] == women["popularity"]["recall@10"] == 0.75
    assert metrics["slices"]["gender"]["M"]["candidate"]["ndcg@10"] == 1
    assert metrics["slices"]["gender"]["M"]["popularity"]["ndcg@10"] == pytest.approx(1 / LOG3)
    assert metrics["eval"] == {
        "users": 3,
        "of_users": 3,
        "positives": 5,
        "positives_unknown_to_train": 1,
        "positives_of_strangers": 1,
        "positives_mean_popularity": 1.5,
    }
    assert metrics["bars"] == [
        {
            "measure": "recall@10",
            "passed": True,
            "sentence": "recall@10 0.8333 is within the bar of 0.1",
            "compared": True,
        }
    ]


def test_a_baseline_with_another_vocabulary_is_asked_by_strings(evaluate):
    metrics, _ = evaluate("good", "older", {"ndcg@10": {"max_decrease": 0.0}})

    # Its lists: u2 (a stranger to it) d, without the e it does not know; u1 c d; u3 (a stranger) d b.
    baseline = metrics["baseline"]
    assert baseline["recall@10"] == pytest.approx((0 + 1 + 1 / 2) / 3)
    assert baseline["ndcg@10"] == pytest.approx((0 + 1 + (1 / LOG3) / (1 + 1 / LOG3)) / 3)
    assert baseline["coverage@10"] == 3 / 5
    assert metrics["blessed"]


def test_a_search_that_misses_films_fails_its_bar(evaluate):
    bars = {"index_recall@100": {"min": 0.95}, "search_p50_ms": {"max": 60_000}}
    metrics, _ = evaluate("hides e", bars=bars)

    search = metrics["search"]
    assert search["index_recall@100"] == pytest.approx(4 / 5)
    assert metrics["reasons"][0] == "index_recall@100 0.8000 is under the bar of 0.95"
    assert [bar["passed"] for bar in metrics["bars"]] == [False, True]
    assert search["items"] == 5
    assert 0 < search["search_p50_ms"] <= search["search_p99_ms"]


def test_min_rating_decides_what_is_a_positive(evaluate):
    assert evaluate("good", min_rating="4.0")[0]["eval"]["positives"] == 5
    with pytest.raises(TrainingError, match="no positive of a user whom train knows"):
        evaluate("good", min_rating="4.5")


def test_without_a_bar_nothing_is_blessed(evaluate):
    metrics, blessing = evaluate("good")
    assert not model_utils.is_model_blessed(blessing)
    assert metrics["reasons"] == [NO_BARS]


def test_the_plots_are_numbers_for_each_model(evaluate, tmp_path):
    evaluate("good", "older", {"ndcg@10": {"min": 0.1}})
    plots = json.loads((tmp_path / "evaluation" / "plots.json").read_text())

    for key in ("recall_curves", "coverage_and_popularity", "exposure"):
        assert set(plots[key]) == {"candidate", "popularity", "baseline"}
    assert set(plots["scores"]) == {"candidate", "baseline"}
    assert plots["recall_curves"]["candidate"][:2] == pytest.approx([2 / 3, 2.5 / 3], abs=1e-6)
    assert plots["slices"]["gender"]["F"]["candidate"]["recall@10"] == 0.75
    assert plots["coverage_and_popularity"]["candidate"][0] == {
        "k": 10,
        "coverage": 0.8,
        "mean_popularity": 1.25,
    }
    histogram = plots["scores"]["candidate"]
    assert len(histogram["edges"]) == len(histogram["candidates"]) + 1
    assert sum(histogram["candidates"]) == pytest.approx(1, abs=1e-4)
    # All four known positives score higher than 1, the lowest of the eight candidates.
    assert histogram["positives"][0] == 0 < histogram["candidates"][0]


@pytest.mark.parametrize(
    ("bars", "over_popularity", "message"),
    [
        ('{"ndcg@7": {"min": 0.1}}', "{}", r"bars: there is no 'ndcg@7'"),
        ('{"ndcg@10": {"least": 0.1}}', "{}", r"bars\.ndcg@10: there is no 'least'"),
        ('{"search_p50_ms": {"max_increase": 1}}', "{}", "last blessed model is not measured"),
        ('{"gini@10": {"max_increase": {"standard_errors": 2}}}', "{}", "no mean over users"),
        ("{}", '{"search_p50_ms": 2}', r"over_popularity: there is no 'search_p50_ms'"),
    ],
)
def test_a_bar_that_does_not_exist_is_refused(bars, over_popularity, message):
    with pytest.raises(ConfigError, match=message):
        Bars.parse(bars, over_popularity, QUALITY_MEASURES, SEARCH_MEASURES)


def test_limits_of_null_are_none():
    bars = Bars.parse('{"ndcg@10": {"min": 0.2, "max": null, "max_decrease": null}}', "{}", QUALITY_MEASURES)
    [verdict] = bars.verdicts({"ndcg@10": 0.1}, {}, None)
    assert (verdict.passed, verdict.sentence) == (False, "ndcg@10 0.1000 is under the bar of 0.2")


def test_what_is_not_a_number_clears_no_bar():
    bars = Bars.parse(
        '{"novelty@10": {"min": 0, "max": 9, "max_decrease": 1}}', '{"novelty@10": 0.5}', QUALITY_MEASURES
    )
    nan = {"novelty@10": float("nan")}
    before = Baseline({"novelty@10": 1.0})
    assert not any(verdict.passed for verdict in bars.verdicts(nan, {"novelty@10": 1.0}, before))


def test_the_component_has_a_baseline_or_none():
    def channel(kind):
        return Channel(type=kind)

    given = {
        "examples": channel(standard_artifacts.Examples),
        "transform_graph": channel(standard_artifacts.TransformGraph),
        "model": channel(standard_artifacts.Model),
        "bars": "{}",
        "description": "{}",
        "code_fingerprint": "",
    }
    node = RetrievalEvaluator(**given)
    assert set(node.outputs) == {"evaluation", "blessing"}
    assert "baseline_model" not in node.inputs
    with_baseline = RetrievalEvaluator(**given, baseline_model=channel(standard_artifacts.Model))
    assert "baseline_model" in with_baseline.inputs
