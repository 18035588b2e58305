"""The validator on small models of its own: one that is right, and ways in which one can be wrong."""

import json

import keras
import pytest
import tensorflow as tf

from components.serving_validator.executor import validate


class Rater(keras.layers.Layer):
    """rating = 3 + the table's row for the user's first letter."""

    def __init__(self):
        super().__init__()
        self.table = self.add_weight(shape=(4,), initializer=keras.initializers.Constant([0, 0.5, 1, 1.5]))
        self.lookup = keras.layers.StringLookup(vocabulary=["a", "b", "c"])
        self.built = True

    def rate(self, user_id, movie_title):
        return {"user_rating": 3.0 + tf.gather(tf.convert_to_tensor(self.table), self.lookup(user_id))}


TEXT = [tf.TensorSpec([None], tf.string, name=name) for name in ("user_id", "movie_title")]
ANSWER = {
    "signature_name": "serving_default",
    "inputs": {"user_id": ["a", "c", "?"], "movie_title": ["x", "y", "z"]},
    "outputs": {"user_rating": [3.5, 4.5, 3.0]},
}


@pytest.fixture
def export(tmp_path):
    def make(answers, by="archive"):
        path, rater = tmp_path / "model", Rater()
        if by == "archive":
            archive = keras.export.ExportArchive()
            archive.track(rater)
            archive.add_endpoint("serving_default", rater.rate, TEXT)
            archive.write_out(str(path), verbose=False)
        else:
            tf.saved_model.save(rater, str(path), signatures=tf.function(rater.rate, input_signature=TEXT))
        (path / "assets.extra").mkdir()
        (path / "assets.extra" / "trained_answers.json").write_text(json.dumps(answers))
        return path

    return make


def test_a_model_that_answers_as_trained_passes_over_rest_and_grpc(export):
    assert validate({"tiny": export([ANSWER])}) == {"requests": 2, "largest_difference": 0.0, "problems": []}


def test_a_model_that_answers_otherwise_is_caught_with_the_difference(export):
    wrong = {**ANSWER, "outputs": {"user_rating": [3.5, 4.5, 3.25]}}
    problems = validate({"tiny": export([wrong])})["problems"]

    assert [p.split(":")[0] for p in problems] == [
        "tiny.serving_default over REST",
        "tiny.serving_default over gRPC",
    ]
    assert "0.25" in problems[0]


def test_a_signature_that_the_trainer_did_not_answer_is_named(export):
    assert (
        "tiny.serving_default: the trainer wrote no answer" in validate({"tiny": export([])})["problems"][0]
    )


def test_a_model_without_answers_is_not_let_through(export):
    path = export([ANSWER])
    (path / "assets.extra" / "trained_answers.json").unlink()

    assert "trained_answers.json is missing" in validate({"tiny": path})["problems"][0]


def test_a_model_that_only_python_can_run_is_caught(export):
    # TF Serving loads this one, calls it available, and then fails on every request.
    assert validate({"tiny": export([ANSWER], by="tf.saved_model.save")})["problems"]


def test_a_model_that_departs_from_its_contract_is_caught(export):
    problems = validate({"ranking": export([ANSWER])})["problems"]

    assert any("rate_ids" in problem for problem in problems)
