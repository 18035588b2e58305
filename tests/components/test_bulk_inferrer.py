"""TFX's own BulkInferrer on an exported ranking model: what it needs is `serving_examples`."""

from pathlib import Path

import pytest
from tfx.components.bulk_inferrer.executor import Executor
from tfx.proto import bulk_inferrer_pb2
from tfx.types import standard_artifacts
from tfx.utils import path_utils, proto_utils

import tensorflow as tf  # isort: skip - after tfx
from tensorflow_serving.apis import prediction_log_pb2  # isort: skip

from components.movielens_example_gen.shipped import shipped
from pipeline.config.schema import BeamConfig
from pipeline.dag.beam import beam_args
from serving.encoding.tensor_proto import array_of
from trainer.data import catalogue as catalogues
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies
from trainer.export.ranking import export_ranking
from trainer.training.ranking import RankingSettings, train_ranking

RATINGS = {
    "user_id": [f"u{row % 7}" for row in range(60)],
    "movie_id": [f"m{row % 11}" for row in range(60)],
    "movie_title": [f"Film {row % 11} (1990)" for row in range(60)],
    "movie_genres": [["Drama"] for _ in range(60)],
    "timestamp": list(range(60)),
    "user_rating": [float(1 + row % 5) for row in range(60)],
}
PAIRS = [("u0", "m0"), ("u1", "m5"), ("u6", "m10"), ("stranger", "m3"), ("u2", "no film")]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A trained ranking model as the trainer's artifact holds it."""
    vocabularies = Vocabularies.from_columns(RATINGS, shipped("movielens"))
    ratings, catalogue = catalogues.from_columns(RATINGS, vocabularies)
    data = RatingData(ratings, Ratings.from_columns(RATINGS, vocabularies), catalogue)
    settings = {"model": {"kind": "mf", "members": 1, "dim": 2}, "train": {"epochs": 1, "batch_size": 20}}
    made = standard_artifacts.Model()
    made.uri = str(tmp_path_factory.mktemp("model"))
    trained = train_ranking(RankingSettings.of(settings, None), data).model
    export_ranking(trained, path_utils.serving_model_path(made.uri))
    return made


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """PAIRS as an Examples artifact of one split."""
    made = standard_artifacts.Examples()
    made.uri, made.split_names = str(tmp_path_factory.mktemp("examples")), '["asked"]'
    folder = Path(made.uri) / "Split-asked"
    folder.mkdir()
    file, packed = str(folder / "pairs-00000-of-00001.gz"), tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(file, packed) as writer:
        for user, movie in PAIRS:
            feature = {
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
                for name, value in (("user_id", user), ("movie_id", movie))
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    return made


def test_bulk_inferrer_rates_as_the_model_does(model, examples, tmp_path):
    result = standard_artifacts.InferenceResult()
    result.uri = str(tmp_path / "result")
    spec = bulk_inferrer_pb2.ModelSpec(model_signature_name=["serving_examples"])
    context = Executor.Context(
        beam_pipeline_args=beam_args(BeamConfig().args), tmp_dir=str(tmp_path), unique_id="1"
    )
    Executor(context).Do(
        {"examples": [examples], "model": [model]},
        {"inference_result": [result]},
        {
            "data_spec": proto_utils.proto_to_json(bulk_inferrer_pb2.DataSpec()),
            "model_spec": proto_utils.proto_to_json(spec),
        },
    )

    files = sorted(str(file) for file in (tmp_path / "result").glob("prediction_logs-*.gz"))
    rated = {}
    for record in tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record).predict_log
        example = tf.train.Example.FromString(array_of(log.request.inputs["examples"]).item())
        asked = tuple(
            example.features.feature[name].bytes_list.value[0].decode() for name in ("user_id", "movie_id")
        )
        rated[asked] = array_of(log.response.outputs["user_rating"]).item()
    rate_ids = tf.saved_model.load(path_utils.serving_model_path(model.uri)).signatures["rate_ids"]
    users, movies = (tf.constant(column) for column in zip(*PAIRS, strict=True))
    own = rate_ids(user_id=users, movie_id=movies)["user_rating"].numpy()
    assert rated == pytest.approx(dict(zip(PAIRS, own.tolist(), strict=True)), abs=1e-5)
