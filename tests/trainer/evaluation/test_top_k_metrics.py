import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.data.catalogue import Ragged
from trainer.evaluation.metrics import list_metrics, top_k
from trainer.evaluation.metrics.factorized_top_k import FactorizedTopK
from trainer.evaluation.metrics.top_k_metrics import KINDS, TopKMetrics
from trainer.models.base import Model
from trainer.models.index import ExactIndex
from trainer.models.index.streaming import StreamingIndex


def numbers(metrics):
    return {name: float(value) for name, value in metrics.result().items()}


def test_every_kind_by_hand():
    """Two relevant items of four, found at ranks 1 and 3."""
    metrics = TopKMetrics(ks=[1, 3])
    metrics.update_state([[0, 1, 0, 1]], [[0.4, 0.1, 0.3, 0.9]])
    found = numbers(metrics)
    # the order is 3, 0, 2, 1: hits 1, 0, 0
    assert {name: found[f"{name}@3"] for name in KINDS} == pytest.approx(
        {
            "recall": 1 / 2,
            "ndcg": 1 / (1 + 1 / np.log2(3)),
            "map": 1 / 2,
            "mrr": 1,
            "hit_rate": 1,
            "precision": 1 / 3,
        }
    )
    assert found["recall@1"] == 0.5
    assert found["precision@1"] == found["ndcg@1"] == found["map@1"] == 1


def test_it_agrees_with_the_evaluations_own_metrics_over_batches():
    random = np.random.default_rng(0)
    scores = random.normal(size=(40, 30)).astype(np.float32)
    relevant = random.random((40, 30)) < 0.1  # some rows have none
    scores[:, 0], relevant[:, 0] = -1e9, False  # the OOV row
    metrics = TopKMetrics(ks=[3, 10, 50])
    for start in range(0, 40, 16):
        metrics.update_state(relevant[start : start + 16], scores[start : start + 16])
    owners, items = np.nonzero(relevant)
    positives = Ragged(items.astype(np.int32), np.searchsorted(owners, np.arange(41)))
    expected = list_metrics(top_k(scores, 50), np.arange(40), positives, ks=[3, 10, 50])
    assert numbers(metrics) == pytest.approx(
        {name: np.nanmean(values) for name, values in expected.items()}, rel=1e-5
    )


def test_rows_count_by_their_weight():
    metrics = TopKMetrics(ks=[1], kinds=["recall"])
    metrics.update_state([[1, 0], [0, 1], [0, 0]], [[1.0, 0.0]] * 3, sample_weight=[3.0, 1.0, 9.0])
    assert numbers(metrics) == {"recall@1": 0.75}
    metrics.reset_state()
    assert numbers(metrics) == {"recall@1": 0}


def test_a_kind_that_there_is_not_is_named():
    with pytest.raises(ValueError, match=r"\['auc'\]: kinds are recall"):
        TopKMetrics(kinds=["auc"])


def test_keras_logs_each_of_them_in_fit_and_evaluate():
    model = keras.Sequential([keras.layers.Dense(4)])
    model.compile(optimizer="adam", loss="mse", metrics=[TopKMetrics(ks=[1, 4], kinds=["recall", "mrr"])])
    inputs, labels = np.ones((8, 2), np.float32), np.eye(4, dtype=np.float32)[[0, 1, 2, 3] * 2]
    history = model.fit(inputs, labels, validation_data=(inputs, labels), verbose=0).history
    assert {"recall@1", "val_recall@1", "mrr@4", "val_mrr@4"} <= set(history)
    assert history["val_recall@4"] == [1.0]
    assert model.evaluate(inputs, labels, verbose=0, return_dict=True)["mrr@4"] == pytest.approx(25 / 48)


def test_a_model_of_ours_logs_each_of_them():
    class Scores(Model):
        def __init__(self):
            super().__init__()
            self.top_k = TopKMetrics(ks=[1], kinds=["ndcg"])

        def compute_loss(self, inputs, training=False):
            self.top_k.update_state(inputs["taken"], inputs["score"])
            return tf.reduce_mean(inputs["score"])

    model = Scores()
    model.compile()
    batch = {"taken": np.eye(2, dtype=np.float32), "score": np.array([[1.0, 0.0], [1.0, 0.0]], np.float32)}
    logs = model.evaluate(tf.data.Dataset.from_tensors(batch), verbose=0, return_dict=True)
    assert logs["ndcg@1"] == 0.5


@pytest.fixture(scope="module")
def vectors():
    return np.random.default_rng(1).normal(size=(101, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def streaming(vectors):
    return StreamingIndex(tf.data.Dataset.from_tensor_slices(vectors).batch(16))


@pytest.mark.parametrize("k", [5, 100, 500])
@pytest.mark.parametrize("wrap", [lambda f: f, tf.function], ids=["eager", "graph"])
def test_streamed_search_is_exact_search(vectors, streaming, k, wrap):
    queries = tf.constant(vectors[:7] + 0.1)
    expected, got = ExactIndex(vectors)(queries, k=k), wrap(lambda q: streaming(q, k=k))(queries)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-5)
    np.testing.assert_array_equal(got[1], expected[1])


def test_of_equal_scores_streamed_search_gives_the_lower_row_first():
    index = StreamingIndex(tf.data.Dataset.from_tensor_slices(np.ones((5, 2), np.float32)).batch(2))
    assert index(tf.ones((1, 2)), k=3)[1].numpy().tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("streams", [False, True])
def test_factorized_metrics_are_those_of_all_scores(vectors, streaming, streams):
    index = streaming if streams else ExactIndex(vectors)
    queries, own = vectors[::3] + 0.3, np.arange(0, 101, 3)
    factorized, dense = FactorizedTopK(index, ks=[1, 10, 200]), TopKMetrics(ks=[1, 10, 200])
    factorized.update_state(own, queries)
    dense.update_state(np.eye(101)[own], queries @ vectors.T)
    assert numbers(factorized) == pytest.approx(numbers(dense), rel=1e-5)
    assert 0 < numbers(factorized)["recall@1"] < numbers(factorized)["recall@10"] <= 1


def test_a_query_may_have_several_items_or_none(vectors):
    metrics = FactorizedTopK(ExactIndex(vectors), ks=[101], kinds=["recall", "precision"])
    metrics.update_state([[3, 5], [7, -1], [-1, -1]], vectors[:3])
    assert numbers(metrics) == pytest.approx({"recall@101": 1, "precision@101": 1.5 / 101})
