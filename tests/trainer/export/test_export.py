import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from marquee.errors import TrainingError
from tests.trainer.trained_kinds import KINDS
from trainer.export.answers import write_answers
from trainer.export.ranking import titles
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export

SEVERAL_TASKS = {
    "SharedBottom": ("liked",),
    "Mmoe": ("liked", "watched"),
    "Cgc": ("liked", "watched"),
    "Ple": ("liked", "watched"),
}
KNOW_OF_TIME = ("Mlp", "Dcn", "Deepfm", "Ple")
#: Those exported in every test run: a graph of each sort, with what else some of them answer.
OFTEN = ("mf", "mlp", "dcn", "wide_deep", "mmoe")


@pytest.fixture(
    scope="module",
    params=[kind if kind in OFTEN else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS],
)
def exported(request, kinds, tmp_path_factory):
    """(trained model, path, the SavedModel's signatures)."""
    model = kinds.model(request.param)
    path = kinds.exported(request.param, tmp_path_factory.mktemp("export") / "1")
    loaded = tf.saved_model.load(path)
    return model, path, loaded.signatures, loaded


def strings(*values):
    return tf.constant(values, tf.string)


def test_every_signature_in_a_v1_session_is_the_trained_model(exported):
    model, path, *_ = exported
    assert verify_export(path, trained_answers(model)) <= 1e-5


def test_the_answers_lie_beside_the_model_as_requests_that_a_server_takes(exported):
    model, path, signatures, _ = exported
    write_answers(path, trained_answers(model, pairs=3))
    written = json.loads((Path(path) / "assets.extra" / "trained_answers.json").read_text())

    assert {answer["signature_name"] for answer in written} == set(signatures)
    by_id = next(answer for answer in written if answer["signature_name"] == "rate_ids")
    assert by_id["inputs"]["user_id"][-1] == "no such value"
    served = signatures["rate_ids"](**{name: strings(*values) for name, values in by_id["inputs"].items()})
    np.testing.assert_allclose(served["user_rating"], by_id["outputs"]["user_rating"], atol=1e-5)


HISTORIES = {
    "rate_for_history": (["movie_id", "movie_title"], ["user_rating"]),
    "rate_ids_for_history": (["history_id", "movie_id", "weight"], ["user_rating"]),
}


def test_the_signatures_are_those_of_the_contract(exported):
    signatures, others = exported[2], SEVERAL_TASKS.get(type(exported[0]).__name__, ())
    sees_histories = type(exported[0]).__name__ == "Mf"
    said = [exported[0].catalogue.description.name_of(key) for key in exported[0].user_features]
    of_user = ["history_id", "movie_id", "weight", *said] if sees_histories else ["movie_id", *said]
    by_features = "rate_ids_for_history_of_user" if sees_histories else "rate_ids_of_user"
    found = {
        name: (sorted(signature.structured_input_signature[1]), sorted(signature.structured_outputs))
        for name, signature in signatures.items()
    }
    assert found == {
        "serving_default": (["movie_title", "user_id"], ["user_rating"]),
        "rate_ids": (["movie_id", "user_id"], ["user_rating"]),
        "serving_examples": (["examples"], ["user_rating"]),
        "slices": (["examples"], ["activity", "age_group"]),
        **({"rate_tasks": (["movie_id", "user_id"], sorted([*others, "user_rating"]))} if others else {}),
        **(HISTORIES if sees_histories else {}),
        **({by_features: (sorted(of_user), ["user_rating"])} if said else {}),
    }
    output = signatures["rate_ids"].structured_outputs["user_rating"]
    assert (output.dtype, output.shape.as_list()) == (tf.float32, [None])


def test_a_title_answers_as_its_film_does(exported):
    by_title = exported[2]["serving_default"](user_id=strings("u3"), movie_title=strings("Film 7 (1977)"))
    by_id = exported[2]["rate_ids"](user_id=strings("u3"), movie_id=strings("m7"))
    assert float(by_title["user_rating"][0]) == float(by_id["user_rating"][0])


def test_the_unknown_is_answered_and_never_an_error(exported):
    rated = exported[2]["serving_default"](
        user_id=strings("nobody", "", "u3"), movie_title=strings("No Film", "", "No Film")
    )["user_rating"].numpy()
    assert np.isfinite(rated).all()
    assert rated[0] == rated[1]


def test_a_history_changes_what_is_expected_and_repetition_and_unknown_titles_do_not(exported):
    if "rate_for_history" not in exported[2]:
        assert not exported[0].rates_histories
        return
    one, other, nothing = "Film 7 (1977)", "Film 8 (1978)", ""
    histories = [
        [one, other, nothing],
        [other, one, one],
        ["No Film", one, other],
        [one, one, nothing],
        [""] * 3,
    ]
    rated = exported[2]["rate_for_history"](
        movie_title=strings(*histories), movie_id=strings(*[["m3", "m9"]] * len(histories))
    )["user_rating"].numpy()
    unknown = exported[2]["rate_ids"](user_id=strings("", ""), movie_id=strings("m3", "m9"))["user_rating"]
    np.testing.assert_allclose(rated[1:3], [rated[0]] * 2, atol=1e-5)
    np.testing.assert_allclose(rated[4], unknown, atol=1e-5)
    assert not np.isclose(rated[0], rated[3]).all()
    assert not np.isclose(rated[0], rated[4]).all()


def test_a_history_of_ids_rates_as_one_of_titles_and_weights_shift_it(exported):
    if not exported[0].rates_histories:
        assert "rate_ids_for_history" not in exported[2]
        return
    asked = strings(*[["m3", "m9"]] * 4)
    by_title = exported[2]["rate_for_history"](
        movie_title=strings(*[["Film 7 (1977)", "Film 8 (1978)"], ["Film 7 (1977)", ""]] * 2), movie_id=asked
    )["user_rating"].numpy()
    by_id = exported[2]["rate_ids_for_history"](
        history_id=strings(*[["m7", "m8"]] * 4),
        weight=tf.constant([[2.0, 2.0], [5.0, 0.0], [1.0, 1.0], [4.0, 1.0]]),
        movie_id=asked,
    )["user_rating"].numpy()
    np.testing.assert_allclose(by_id[:3], by_title[:3], atol=1e-5)
    assert not np.isclose(by_id[3], by_title[2]).all()
    assert not np.isclose(by_id[3], by_title[3]).all()


def test_an_example_may_leave_out_anything(exported, example):
    rate = exported[2]["serving_examples"]
    serialized = [
        example(user_id="u3", movie_id="m7"),
        example(user_id="u3", movie_title="Film 7 (1977)"),
        example(user_id="u3", movie_id="no such", movie_title="Film 7 (1977)"),
        example(),
    ]
    rated = rate(examples=strings(*serialized))["user_rating"].numpy()
    assert rated[0] == rated[1] == rated[2]
    assert np.isfinite(rated[3])


def test_an_examples_time_counts_where_the_model_knows_of_time(exported, example, data):
    model, _, signatures, _ = exported
    early = example(user_id="u3", movie_id="m7", timestamp=data.catalogue.first_time)
    without = example(user_id="u3", movie_id="m7")
    rated = signatures["serving_examples"](examples=strings(early, without))["user_rating"].numpy()
    assert (rated[0] != rated[1]) == (type(model).__name__ in KNOW_OF_TIME)


def test_examples_are_sliced_by_age_group_and_activity(exported, example, data):
    counts = data.catalogue.watched.lengths
    busiest = data.catalogue.vocabularies.user_id[int(np.argmax(counts)) - 1]
    found = exported[2]["slices"](
        examples=strings(example(user_id=busiest, raw_user_age=25.0), example(user_id="nobody"))
    )
    assert [value.decode() for value in found["age_group"].numpy()] == ["25-34", "unknown"]
    assert [value.decode() for value in found["activity"].numpy()] == ["heavy", "new"]


def test_a_model_that_differs_is_not_let_through(exported):
    model, path, *_ = exported
    weight = max(model.trainable_variables, key=lambda variable: variable.shape[0])
    before = weight.numpy()
    weight.assign(before + 1.0)
    try:
        with pytest.raises(TrainingError, match="differs from the trained one by"):
            verify_export(path, trained_answers(model))
    finally:
        weight.assign(before)


def test_every_title_of_the_catalogue_finds_its_film(data):
    by_title = titles(data.catalogue)
    assert len(by_title) == 60
    assert all(data.catalogue.attributes.titles[movie] == title for title, movie in by_title.items())
