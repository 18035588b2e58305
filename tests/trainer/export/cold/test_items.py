"""Described items that nobody has touched are served, known by the items like them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.eagerly import eagerly
from trainer.data.catalogue import items_file, read_train
from trainer.export.cold.items import cold_items
from trainer.export.cold.vectors import EVIDENCE
from trainer.export.ranking import export_ranking
from trainer.export.retrieval import export_retrieval
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export
from trainer.training.retrieval import RetrievalSettings, train_retrieval

ITEMS = {
    "movie_id": ["m1", "new comedy", "new drama", "nothing", "m2", "new film 7"],
    "movie_title": [
        "Film 1 (1971)",
        "Laughs (1972)",
        "Tears (1973)",
        "",
        "Film 2 (1972)",
        "Film Again (1977)",
    ],
    "movie_genres": [["Comedy"], ["Comedy"], ["Drama"], [], ["Drama"], ["Comedy", "Drama"]],
}
COLD = ("new comedy", "new drama", "new film 7")


@pytest.fixture(scope="module")
def catalogue(data, write_examples, tmp_path_factory):
    path = tmp_path_factory.mktemp("items") / "items.tfrecord.gz"
    write_examples(path, ITEMS)
    return replace(data.catalogue, items=(str(path), str(path.parent / "missing")))


@pytest.fixture(scope="module")
def cold(catalogue):
    return cold_items(catalogue)


def test_items_that_train_lacks_come_behind_its_own_with_their_features(cold, catalogue):
    whole = cold.catalogue
    assert cold.first == catalogue.movies == 61
    assert whole.vocabularies.movie_id == (*catalogue.vocabularies.movie_id, *COLD)
    assert whole.attributes.titles[61:].tolist() == ["Laughs (1972)", "Tears (1973)", "Film Again (1977)"]
    assert [sorted(whole.attributes.text("genres", 61 + row)) for row in range(3)] == [
        ["Comedy"],
        ["Drama"],
        ["Comedy", "Drama"],
    ]
    assert whole.watchers.lengths[61:].tolist() == [0, 0, 0]
    assert len(whole.watchers) == whole.movies == 64
    for row in range(61):  # train's own are as they were
        assert whole.attributes.text("genres", row) == catalogue.attributes.text("genres", row)
    assert catalogue.movies == 61


def test_one_without_any_feature_in_common_is_left_out_and_said(catalogue, caplog):
    assert len(cold_items(catalogue)) == 3
    assert "1 of 4 items that nobody has touched have no feature in common" in caplog.text


def test_what_stands_for_one_is_like_it(cold, catalogue):
    def words(film):
        return {
            *cold.catalogue.attributes.text("genres", film),
            *cold.catalogue.attributes.text("year", film),
        }

    first = [catalogue.vocabularies.movie_id[film - 1] for film in cold.alike[:2, 0]]
    assert first == ["m1", "m5"]  # the comedy and the drama of the same three years
    for row, film in enumerate(range(61, 64)):
        near = cold.alike[row][cold.weights[row] > 0]
        assert all(words(film) & words(each) or film == 63 for each in near)  # or "Film" in the title
    np.testing.assert_allclose(cold.weights.sum(axis=1), 1, rtol=1e-5)
    assert (np.diff(cold.weights, axis=1) <= 0).all()
    assert set(cold.alike.ravel()) <= set(range(61))


def test_weights_are_the_square_of_the_likeness_and_the_number_of_watchers(
    catalogue, write_examples, tmp_path
):
    described = {"movie_id": ["twin"], "movie_title": ["(1970)"], "movie_genres": [["Comedy"]]}
    write_examples(tmp_path / "items", described)
    (found,), (weights,) = (
        getattr(cold_items(replace(catalogue, items=(str(tmp_path / "items"),)), 60), name)
        for name in ("alike", "weights")
    )
    counts = catalogue.watchers.lengths[found]
    same = [
        place
        for place, film in enumerate(found)
        if catalogue.attributes.text("genres", film) == ["Comedy"]
        and catalogue.attributes.text("year", film) == catalogue.attributes.text("year", found[0])
    ]
    shares = counts / (counts + EVIDENCE)
    np.testing.assert_allclose(weights[same] / weights[same[0]], shares[same] / shares[same[0]], rtol=1e-4)


def test_none_are_found_where_the_data_describes_none(data, catalogue, tmp_path, write_examples):
    assert cold_items(data.catalogue) is None
    touched = {name: values[:1] for name, values in ITEMS.items()}
    write_examples(tmp_path / "items", touched)
    assert cold_items(replace(catalogue, items=(str(tmp_path / "items"),))) is None


def test_the_files_stand_beside_the_splits(files, data):
    assert items_file("s3://bucket/Examples/7/Split-train/*") == (
        "s3://bucket/Examples/7/catalogue/items.tfrecord.gz"
    )
    _, catalogue = read_train([f"{files}/train*"], data.catalogue.vocabularies)
    assert catalogue.items == (f"{files.parent}/catalogue/items.tfrecord.gz",)


@pytest.fixture(scope="module", params=["two_tower", "ease", "mf"])
def served(request, data, catalogue, cold, tmp_path_factory):
    model = {"kind": request.param} | ({} if request.param == "ease" else {"dim": 8})
    train = {"epochs": 1} if request.param == "ease" else {"epochs": 2, "batch_size": 1250}
    settings = RetrievalSettings.of({"model": model, "train": train}, None)
    with eagerly():
        trained = train_retrieval(settings, replace(data, catalogue=catalogue)).model
    path = str(tmp_path_factory.mktemp("export") / "1")
    answers, report = export_retrieval(trained, path, "exact", cold)
    signatures = tf.saved_model.load(path).signatures
    return SimpleNamespace(model=trained, path=path, answers=answers, report=report, signatures=signatures)


def names(found):
    return [[each.decode() for each in row] for row in found["movie_id"].numpy()]


def test_every_signature_is_as_composed_outside_the_graph(served):
    assert verify_export(served.path, served.answers) <= 1e-5


def test_cold_items_are_candidates_scored_by_the_vectors_that_their_features_give_them(served, cold):
    found = served.signatures["candidates"](
        user_id=tf.constant(["u3", "nobody"]), k=tf.constant(100), exclude_seen=tf.constant(True)
    )
    listed = names(found)
    assert set(COLD) <= set(listed[0])
    assert set(COLD) <= set(listed[1])
    assert len(listed[1]) == 63
    user = served.model.catalogue.vocabularies.user_id.index("u3") + 1
    vectors = cold.vectors(served.model.item_vectors(tf.range(61)).numpy())
    scores = vectors @ served.model.user_vectors(tf.constant([user])).numpy()[0]
    for name, wanted in zip(COLD, scores, strict=True):
        assert found["score"].numpy()[0, listed[0].index(name)] == pytest.approx(wanted, rel=1e-3, abs=1e-4)


def test_they_are_described_with_nobodys_ratings(served):
    found = served.signatures["describe"](movie_id=tf.constant(["new drama", "m3"]))
    assert found["movie_title"].numpy().tolist() == [b"Tears (1973)", b"Film 3 (1973)"]
    assert found["movie_genres"].numpy().tolist() == [b"Drama", b"Action|Drama"]
    assert found["ratings"].numpy()[0] == 0


def test_a_history_may_name_them(served):
    history = [["new comedy", "m5"], ["m5", ""], ["new comedy", ""]]
    found = served.signatures["candidates_for_history"](
        movie_id=tf.constant(history), weight=tf.ones([3, 2]), k=tf.constant(100)
    )
    listed = names(found)
    assert "new comedy" not in listed[0]
    assert "new drama" in listed[0]
    assert np.isfinite(found["score"].numpy()).all()


def test_a_rating_of_one_is_the_mean_of_those_like_it(kinds, cold, tmp_path):
    for kind in ("mf", "mlp"):
        model = kinds.model(kind)
        path = str(tmp_path / kind)
        export_ranking(model, path, cold)
        answers = trained_answers(model, cold=cold)
        assert verify_export(path, answers) <= 1e-5
        rate = tf.saved_model.load(path).signatures
        films = ["new comedy", "m4", "new film 7"]
        alike = [
            [model.catalogue.vocabularies.movie_id[film - 1] if film else "?" for film in row]
            for row in cold.alike
        ]
        found = rate["rate_ids"](user_id=tf.constant(["u3"] * 3), movie_id=tf.constant(films))
        for place, row in ((0, 0), (2, 2)):
            each = rate["rate_ids"](
                user_id=tf.constant(["u3"] * len(alike[row])), movie_id=tf.constant(alike[row])
            )["user_rating"].numpy()
            wanted = (cold.weights[row] * each).sum()
            assert found["user_rating"].numpy()[place] == pytest.approx(wanted, abs=1e-4)
        if not model.rates_histories:
            continue
        given = {"history_id": tf.constant([["m7", "new drama"]]), "weight": tf.ones([1, 2])}
        by_history = rate["rate_ids_for_history"](**given, movie_id=tf.constant([films]))["user_rating"][0]
        each = rate["rate_ids_for_history"](**given, movie_id=tf.constant([alike[0]]))["user_rating"][0]
        assert float(by_history[0]) == pytest.approx((cold.weights[0] * each.numpy()).sum(), abs=1e-4)
