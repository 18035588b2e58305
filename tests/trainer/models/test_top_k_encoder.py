import numpy as np
import pytest
import tensorflow as tf

from trainer.data.catalogue import Ragged
from trainer.evaluation.metrics import full_catalogue_metrics
from trainer.export.saved_model import SavedModel
from trainer.export.tower import export_tower
from trainer.models.index import IvfIndex
from trainer.models.retrieval.config import TwoTowerConfig
from trainer.models.retrieval.registry import build
from trainer.models.top_k_encoder import TopKEncoder


@pytest.fixture(scope="module")
def model(data):
    return build(TwoTowerConfig(dim=8), data.catalogue)


@pytest.fixture(scope="module")
def batches(data):
    users, movies = data.evaluation.user[:100], data.evaluation.movie[:100]
    columns = {"user_id": users.astype(np.int32), "movie_id": movies.astype(np.int32)}
    return tf.data.Dataset.from_tensor_slices(columns).batch(32)


def test_it_predicts_the_films_with_the_best_scores(model, batches, data):
    found = TopKEncoder(model, k=7).predict(batches, verbose=0)
    scores = model.scores(data.evaluation.user[:100].astype(np.int32))[:, 1:]
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :7] + 1
    np.testing.assert_allclose(found["score"], -np.sort(-scores, axis=1)[:, :7], rtol=1e-4)
    np.testing.assert_array_equal(found["movie_id"], expected)


def test_it_evaluates_as_the_evaluation_does(model, batches, data):
    encoder = TopKEncoder(model, k=10, ks=[5, 20])
    encoder.compile()
    found = encoder.evaluate(batches, verbose=0, return_dict=True)
    own = Ragged(data.evaluation.movie[:100].astype(np.int32), np.arange(101))
    users = data.evaluation.user[:100].astype(np.int32)
    expected = full_catalogue_metrics(
        lambda rows: model.scores(users[rows]), np.arange(100), own, ks=[5, 20], block=100
    )
    assert {name: found[name] for name in expected} == pytest.approx(
        {name: np.nanmean(values) for name, values in expected.items()}, rel=1e-4
    )


def test_any_index_will_do_and_it_does_not_learn(model, batches, data):
    films = model.item_vectors(tf.range(1, data.catalogue.movies)).numpy()
    approximate = TopKEncoder(model, k=5, index=IvfIndex(films, cells=6, probes=6))
    exact = TopKEncoder(model, k=5)
    np.testing.assert_allclose(
        approximate.predict(batches, verbose=0)["score"],
        exact.predict(batches, verbose=0)["score"],
        rtol=1e-4,
    )
    exact.compile()
    with pytest.raises(NotImplementedError, match="does not learn"):
        exact.fit(batches, verbose=0)


@pytest.mark.parametrize("side", ["user", "movie"])
def test_a_tower_alone_answers_strings_in_a_v1_session(model, data, side, tmp_path):
    export_tower(model, side, str(tmp_path / side))
    vocabulary = getattr(data.catalogue.vocabularies, f"{side}_id")
    vectors = model.user_vectors if side == "user" else model.item_vectors
    expected = vectors(tf.constant([1, 0, len(vocabulary)])).numpy()
    with SavedModel(str(tmp_path / side)) as alone:
        names = [vocabulary[0], "nobody", vocabulary[-1]]
        found = alone.ask("serving_default", **{f"{side}_id": names})["vector"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_side_that_there_is_not_is_named(model, tmp_path):
    with pytest.raises(ValueError, match="not 'film'"):
        export_tower(model, "film", str(tmp_path / "film"))
