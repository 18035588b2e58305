import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.bulk_recommender.executor import Executor
from marquee import progress

from ..serving.tiny_recommender import export_tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A recommender as a trainer's artifact holds it."""
    folder = tmp_path_factory.mktemp("exported")
    export_tiny(folder)
    made = standard_artifacts.Model()
    made.uri = str(folder / "artifact")
    (folder / "artifact").mkdir()
    (folder / "recommender" / "1").rename(path_utils.serving_model_path(made.uri))
    return made


@pytest.fixture
def recommend(model, tmp_path):
    """Runs the executor; gives the folder of its output."""

    def run(k=2, exclude_seen=True, pushed=1):
        result = standard_artifacts.InferenceResult()
        result.uri = str(tmp_path / "result")
        pushed_model = standard_artifacts.PushedModel()
        pushed_model.set_int_custom_property("pushed", pushed)
        inputs = {"model": [model], "pushed_model": [pushed_model]}
        properties = {"k": k, "exclude_seen": int(exclude_seen), "code_fingerprint": ""}
        Executor().Do(inputs, {"inference_result": [result]}, properties)
        return tmp_path / "result"

    return run


def test_every_user_is_answered_in_both_forms(recommend):
    out = recommend()
    table = pq.read_table(out / "parquet").to_pydict()
    logs = tf.data.TFRecordDataset(str(out / "prediction_logs-00000-of-00001.gz"), compression_type="GZIP")

    assert table["user_id"] == ["u1", "u1", "u3", "u3"]  # u2 has seen everything
    assert table["movie_title"][0] == "Aliens (1986)"
    assert len(list(logs)) == 3


def test_what_is_asked_is_a_parameter(recommend):
    assert pq.read_table(recommend(k=3, exclude_seen=False) / "parquet").num_rows == 9


@pytest.mark.parametrize(("pushed", "written"), [(1, True), (0, False)])
def test_a_model_that_was_not_pushed_is_not_asked(recommend, pushed, written):
    assert (recommend(pushed=pushed) / "_SUCCESS").exists() == written


def test_it_says_how_far_it_is(recommend, monkeypatch):
    said = []
    monkeypatch.setattr(progress.LOGGER, "info", lambda text, extra: said.append((text, extra["done"])))
    recommend()

    assert said == [("0 of 3 users", 0.0), ("3 of 3 users", 1.0)]
