"""Two ranking models, really trained and exported, a split `eval`, and their evaluation by the executor."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
from tfx.types import standard_artifacts  # isort: skip
import tensorflow_model_analysis as tfma  # isort: skip
from tensorflow_model_analysis.proto.metrics_for_slice_pb2 import MetricKey  # isort: skip

from components.movielens_example_gen.shipped import shipped
from components.ranking_evaluator.executor import Executor
from pipeline.dag.eval_config import Slices, eval_config
from tests.trainer import implicit
from trainer.data import catalogue as catalogues
from trainer.data.description import Description
from trainer.data.pairs.pair_hash import pair_hashes
from trainer.data.pairs.trained_on import TrainedOn
from trainer.data.rating_data import RatingData
from trainer.data.vocabularies import Vocabularies
from trainer.export.ranking import export_ranking
from trainer.training.ranking import RankingSettings, train_ranking

GENRES = ("Action", "Comedy", "Drama")


@dataclass(frozen=True)
class Case:
    """Two models and what they are judged on: the folders of artifacts, and the description of the data."""

    candidate: Path
    baseline: Path
    examples: Path
    description: Description

    def evaluated(self, to: Path, by: str, baseline: bool, config=None, examples: Path | None = None) -> Path:
        """Runs the evaluator and returns the folder of its `evaluation`, with `blessing` beside it."""
        inputs = {
            "examples": [artifact(standard_artifacts.Examples, examples or self.examples)],
            "model": [artifact(standard_artifacts.Model, self.candidate)],
        }
        if baseline:
            inputs["baseline_model"] = [artifact(standard_artifacts.Model, self.baseline)]
        outputs = {
            "evaluation": [artifact(standard_artifacts.ModelEvaluation, to / "evaluation")],
            "blessing": [artifact(standard_artifacts.ModelBlessing, to / "blessing")],
        }
        config = config or eval_config(Slices.of(self.description), self.description.implicit)
        bar = {"log_loss": {"max": 9}} if self.description.implicit else {"rmse": {"max": 9}}
        properties = {
            "eval_config": json_format.MessageToJson(config, preserving_proto_field_name=True),
            "example_splits": json.dumps(["eval"]),
            "fairness_indicator_thresholds": "null",
            "bars": json.dumps(bar),
            "computed_by": by,
            "description": self.description.model_dump_json(),
        }
        Executor().Do(inputs, outputs, properties)
        return to / "evaluation"


def metrics(folder) -> dict:
    """Value by slice and key; the bytes of protos, so that nothing of a key is left out."""
    found = {}
    for record in tfma.load_metrics(str(folder)):
        for each in record.metric_keys_and_values:
            key = record.slice_key.SerializeToString(), each.key.SerializeToString()
            assert key not in found
            assert each.value.HasField("double_value")
            found[key] = each.value.double_value.value
    return found


def assert_same(sums, by_tfma) -> None:
    """Compares every metric of every slice, by its whole key."""
    found, expected = metrics(sums), metrics(by_tfma)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        metric = MetricKey.FromString(key[1])
        # TFMA's RMSE is a float32, so a difference of two has the error of numbers of their size.
        within = pytest.approx(value, rel=1e-6, abs=1e-6 if metric.is_diff else 0, nan_ok=True)
        assert found[key] == within, (key[0], metric)


def by_both(case, folder, baseline, **options):
    """The folders of the same evaluation by the sums and by TFMA."""
    return tuple(case.evaluated(folder / by, by, baseline, **options) for by in ("sums", "tfma"))


def artifact(kind, folder: Path):
    made = kind()
    made.uri = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if kind is standard_artifacts.Examples:
        made.split_names = json.dumps(["eval"])
    return made


def of_ratings(folder: Path) -> Case:
    """Ratings of MovieLens's layout that follow biases and chance; users differ in how much they rated."""
    columns = ratings()
    train, held_out = (rows(columns, range(*span)) for span in ((0, 2400), (2400, 3000)))
    description = shipped("movielens")
    vocabularies = Vocabularies.from_columns(train, description)
    found, catalogue = catalogues.from_columns(train, vocabularies)
    # The baseline knows only the first half, and so takes other users for active ones.
    half = rows(train, range(1200))
    old, of_half = catalogues.from_columns(half, Vocabularies.from_columns(half, description))
    _export(RatingData(found, None, catalogue), folder / "candidate", {"epochs": 3, "learning_rate": 0.03})
    _export(RatingData(old, None, of_half), folder / "baseline", {"epochs": 1, "learning_rate": 0.02})
    return Case(folder / "candidate", folder / "baseline", write(folder / "examples", held_out), description)


def of_plays(folder: Path) -> Case:
    """Plays, and labels 1 and 0 to judge by."""
    data = implicit.data()
    _export(data, folder / "candidate", {"epochs": 3, "learning_rate": 0.03})
    _export(data, folder / "baseline", {"epochs": 1, "learning_rate": 0.01})
    _, held_out = implicit.split(implicit.columns())
    random = np.random.default_rng(2)
    held_out["user_rating"] = random.integers(0, 2, len(held_out["user_id"])).astype(float).tolist()
    examples = write(folder / "examples", held_out)
    return Case(folder / "candidate", folder / "baseline", examples, implicit.PLAYS)


def ratings() -> dict[str, list]:
    random = np.random.default_rng(5)
    user, movie = (80 * random.random(3000) ** 2).astype(int), random.integers(60, size=3000)
    bias = random.normal(0, 0.7, 60)
    stars = np.clip(np.round(3.3 + bias[movie] + random.normal(0, 0.8, 3000)), 1, 5)
    return {
        "user_id": [f"u{each}" for each in user],
        "movie_id": [f"m{each}" for each in movie],
        "user_rating": stars.tolist(),
        "timestamp": (880_000_000 + np.arange(3000)).tolist(),
        "movie_title": [f"Film {each} ({1970 + each})" for each in movie],
        "movie_genres": [[GENRES[each % 3], *(["Drama"] * (each % 2))] for each in movie],
        "raw_user_age": [float(15 + each) for each in user],
        "user_gender": ["MF"[each % 2] for each in user],
        "user_occupation_text": [("writer", "doctor")[each % 2] for each in user],
        "user_zip_code": [f"{each % 10}1234" for each in user],
    }


def rows(columns: dict[str, list], places) -> dict[str, list]:
    return {name: [values[place] for place in places] for name, values in columns.items()}


def write(folder: Path, columns: dict[str, list]) -> Path:
    """Writes a split `eval`; a value of None is a feature that the example does not have."""
    split = folder / "Split-eval"
    split.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(split / "data.gz"), tf.io.TFRecordOptions("GZIP")) as writer:
        for values in zip(*columns.values(), strict=True):
            named = dict(zip(columns, values, strict=True))
            feature = {name: _feature(value) for name, value in named.items() if value is not None}
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    return folder


def _feature(value) -> tf.train.Feature:
    listed = value if isinstance(value, list) else [value]
    if isinstance(listed[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=listed))
    if isinstance(listed[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=listed))
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[each.encode() for each in listed]))


def _export(data: RatingData, folder: Path, train: dict) -> None:
    settings = {"model": {"kind": "mf", "dim": 4, "members": 1}, "train": {"batch_size": 250, **train}}
    model = train_ranking(RankingSettings.of(settings, None), data).model
    export_ranking(model, str(folder / "Format-Serving"))
    TrainedOn.of(pair_hashes(["somebody"], ["something"])).write(folder / "trained")
