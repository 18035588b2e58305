import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from trainer.answers import write_answers
from trainer.errors import ConfigError, TrainingError
from trainer.export_retrieval import export_retrieval
from trainer.retrieval.training import RetrievalSettings, train_retrieval
from trainer.run_fn import run_fn
from trainer.verify import verify_export


@pytest.fixture(scope="module", params=["exact", "ivf"])
def exported(request, data, tmp_path_factory):
    settings = RetrievalSettings.of(
        {"model": {"kind": "two_tower", "dim": 8}, "train": {"epochs": 2, "batch_size": 250}}, None
    )
    model = train_retrieval(settings, data).model
    path = str(tmp_path_factory.mktemp("export") / "1")
    answers, report = export_retrieval(model, path, request.param)
    loaded = tf.saved_model.load(path)
    return SimpleNamespace(
        model=model, path=path, answers=answers, report=report, loaded=loaded, signatures=loaded.signatures
    )


def strings(*values):
    return tf.constant(values, tf.string)


def test_every_signature_in_a_v1_session_is_the_trained_model(exported):
    assert {answer.signature for answer in exported.answers} == set(exported.signatures)
    assert all(len(answer.inputs["user_id"]) > 30 for answer in exported.answers)
    assert verify_export(exported.path, exported.answers) <= 1e-5


def test_a_users_films_are_those_of_the_highest_scores(exported, data):
    catalogue = data.catalogue
    found = exported.signatures["retrieve"](user_id=strings("u3"), k=tf.constant(5))
    ids = [each.decode() for each in found["movie_id"].numpy()[0]]
    films = np.array([catalogue.vocabularies.movie_id.index(each) + 1 for each in ids])
    user = catalogue.vocabularies.user_id.index("u3") + 1
    scores = exported.model.scores(np.array([user], np.int32))[0]

    np.testing.assert_allclose(found["score"][0], scores[films], rtol=1e-5)
    titles = [each.decode() for each in found["movie_title"].numpy()[0]]
    assert titles == catalogue.attributes.titles[films].tolist()
    assert (np.diff(found["score"][0]) <= 0).all()
    if exported.report.kind == "exact":  # inverted lists may miss some
        assert films.tolist() == (1 + np.argsort(-scores[1:])[:5]).tolist()


def test_k_is_at_most_the_catalogue_and_at_least_one(exported):
    retrieve = exported.signatures["retrieve"]
    for k, films in ((1000, 60), (60, 60), (1, 1), (0, 1), (-3, 1)):
        found = retrieve(user_id=strings("u3", "u4"), k=tf.constant(k))
        assert {name: column.shape.as_list() for name, column in found.items()} == {
            name: [2, films] for name in ("movie_id", "movie_title", "score")
        }
    every = exported.signatures["serving_default"](user_id=strings("u3"))["movie_id"].numpy()[0]
    assert len(set(every)) == 60  # of 100 that are asked for


def test_someone_unknown_is_answered_alike_and_never_an_error(exported):
    found = exported.signatures["retrieve"](user_id=strings("nobody", "", "no such"), k=tf.constant(7))
    scores = found["score"].numpy()
    assert np.isfinite(scores).all()
    assert (scores == scores[0]).all()


def test_the_signatures_are_those_of_the_contract(exported):
    found = {
        name: (sorted(signature.structured_input_signature[1]), sorted(signature.structured_outputs))
        for name, signature in exported.signatures.items()
    }
    outputs = ["movie_id", "movie_title", "score"]
    assert found == {"serving_default": (["user_id"], outputs), "retrieve": (["k", "user_id"], outputs)}


def test_the_answers_and_the_indexs_worth_lie_beside_the_model(exported):
    write_answers(exported.path, exported.answers)
    extra = Path(exported.path) / "assets.extra"
    index = json.loads((extra / "index.json").read_text())
    written = {
        each["signature_name"]: each for each in json.loads((extra / "trained_answers.json").read_text())
    }

    assert index["kind"] == exported.report.kind
    assert index["recall"] >= 0.9
    request = written["retrieve"]
    assert request["inputs"]["k"] == 10
    served = exported.signatures["retrieve"](
        user_id=strings(*request["inputs"]["user_id"]), k=tf.constant(10)
    )
    titles = [[title.decode() for title in row] for row in served["movie_title"].numpy()]
    assert titles == request["outputs"]["movie_title"]


def test_a_model_that_differs_is_not_let_through(exported):
    changed = exported.answers[0]
    changed.outputs["score"][0, 0] += 1
    try:
        with pytest.raises(TrainingError, match="differs from the trained one by"):
            verify_export(exported.path, [changed])
    finally:
        changed.outputs["score"][0, 0] -= 1


@pytest.fixture
def fn_args(data, files, tmp_path):
    assets = tmp_path / "graph" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    vocabularies = data.catalogue.vocabularies
    for name in vocabularies.__dataclass_fields__:
        (assets / name).write_text("".join(f"{value}\n" for value in getattr(vocabularies, name)))
    return SimpleNamespace(
        train_files=[f"{files}/train*"],
        eval_files=[f"{files}/eval*"],
        transform_graph_path=str(tmp_path / "graph"),
        serving_model_dir=str(tmp_path / "model" / "Format-Serving"),
        model_run_dir=str(tmp_path / "run"),
        hyperparameters={"values": {"train.epochs": 2, "model.dim": 6}},
        custom_config={
            "task": "retrieval",
            "model": {"kind": "two_tower"},
            "train": {"epochs": 9, "batch_size": 500},
            "index": "exact",
        },
    )


def test_tfx_trains_exports_and_reports_a_retrieval_model(fn_args, tmp_path):
    run_fn(fn_args)

    retrieve = tf.saved_model.load(fn_args.serving_model_dir).signatures["retrieve"]
    films = retrieve(user_id=strings("u1"), k=tf.constant(3))["movie_title"].numpy()[0]
    assert all(title.startswith(b"Film ") for title in films)
    report = json.loads((tmp_path / "run" / "training.json").read_text())
    assert report["epochs"] == 2
    assert report["settings"]["model"]["dim"] == 6
    assert report["index"]["kind"] == "exact"
    assert report["export_difference"] <= 1e-5


def test_a_task_that_does_not_exist_is_refused(fn_args):
    fn_args.custom_config["task"] = "clairvoyance"
    with pytest.raises(ConfigError, match=r"task = 'clairvoyance'.*\s.*ranking, retrieval"):
        run_fn(fn_args)
