"""TensorFlow Lite files of every ranking kind, as the TFRS ranking tutorial makes one."""

import functools
import json

import numpy as np
import pytest
import tensorflow as tf

from serving.errors import ServingError
from serving.export.tflite import convert, export_tflite, run_tflite
from serving.server.model import LoadedModel
from tests.trainer.trained_kinds import KINDS
from trainer.export.answers import write_answers
from trainer.export.trained_answers import trained_answers

ASKED = {
    "user_id": ["u3", "u3", "u79", "nobody", "", "ü"],
    "movie_title": ["Film 7 (1977)", "Film 8 (1978)", "Film 0 (1970)", "Film 7 (1977)", "No Film", "Amélie"],
}


@pytest.fixture(scope="module")
def pushed(kinds, tmp_path_factory):
    """A folder of models with one version of a trained ranking model of a kind."""

    @functools.cache
    def push(kind):
        folder = tmp_path_factory.mktemp(kind)
        saved_model = kinds.exported(kind, folder / "ranking" / "1")
        write_answers(saved_model, trained_answers(kinds.model(kind)))
        return folder

    return push


#: Those converted in every test run: sets, numbers and time, hashed pairs, and several tasks.
OFTEN = ("mf", "mlp", "dcn", "wide_deep", "mmoe")


@pytest.fixture(
    params=[kind if kind in OFTEN else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def models(request, pushed):
    return pushed(request.param)


@pytest.fixture
def mlp(pushed):
    return pushed("mlp")


def test_the_file_gives_the_saved_models_numbers_on_strings(models, tmp_path):
    written = export_tflite(models, tmp_path / "ranking.tflite")
    model = LoadedModel(models / "ranking" / "1")
    wanted = model.run(
        "serving_default",
        {name: np.array([value.encode() for value in column], object) for name, column in ASKED.items()},
    )["user_rating"]
    model.close()
    content = (tmp_path / "ranking.tflite").read_bytes()
    got = run_tflite(content, ASKED)["user_rating"]

    assert len(set(wanted.tolist())) > 3
    np.testing.assert_allclose(got, wanted, atol=1e-5)
    assert (written.version, written.size) == (1, len(content))
    assert written.asked == 67
    assert written.largest_difference < 1e-5


def test_a_file_that_answers_otherwise_is_not_written(mlp, tmp_path):
    file = mlp / "ranking" / "1" / "assets.extra" / "trained_answers.json"
    kept = file.read_text()
    answers = json.loads(kept)
    asked = next(each for each in answers if each["signature_name"] == "serving_default")
    asked["outputs"]["user_rating"][5] += 0.5
    file.write_text(json.dumps(answers))
    try:
        with pytest.raises(ServingError, match=r"user_rating differs by 0\.5"):
            export_tflite(mlp, tmp_path / "ranking.tflite")
    finally:
        file.write_text(kept)

    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_replaced_and_a_folder_is_not(mlp, tmp_path):
    (tmp_path / "old.tflite").write_text("old")
    (tmp_path / "folder").mkdir()

    written = export_tflite(mlp, tmp_path / "old.tflite")
    with pytest.raises(ServingError, match="folder cannot be written: Is a directory"):
        export_tflite(mlp, tmp_path / "folder")

    assert (tmp_path / "old.tflite").stat().st_size == written.size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "old.tflite"]


def test_without_a_ranking_model_it_says_how_to_get_one(tmp_path):
    with pytest.raises(ServingError, match=r"there is no ranking in .*\nPush one first: marquee run"):
        export_tflite(tmp_path, tmp_path / "ranking.tflite")


def test_operations_that_tensorflow_lite_lacks_are_named(tmp_path):
    class Hashed(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "user_id")])
        def rate(self, user_id):
            return {"user_rating": tf.cast(tf.strings.to_hash_bucket_fast(user_id, 9), tf.float32)}

    module = Hashed()
    tf.saved_model.save(module, str(tmp_path / "1"), {"serving_default": module.rate})

    with pytest.raises(ServingError, match="no built-in operation for StringToHashBucketFast"):
        convert(tmp_path / "1")
