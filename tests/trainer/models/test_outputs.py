import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.models.losses import BPR
from trainer.models.outputs import BinaryOutput, CategoricalOutput, ContrastiveOutput, RegressionOutput
from trainer.models.samplers import DownScoreFalseNegatives, PopularitySampler

HIDDEN = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)


def test_a_binary_output_is_a_probability_learned_by_cross_entropy():
    output = BinaryOutput()
    chance = output(HIDDEN).numpy()
    labels = np.array([1.0, 0.0, 1.0])
    expected = -np.log(np.where(labels > 0, chance, 1 - chance))
    assert float(output.loss(HIDDEN, labels)) == pytest.approx(expected.mean(), rel=1e-5)
    names = {metric.name: float(metric.result()) for metric in output.metrics}
    assert names["accuracy"] == pytest.approx(np.mean((chance > 0.5) == labels))
    weighted = float(output.loss(HIDDEN, labels, sample_weight=np.array([0.0, 3.0, 0.0])))
    assert weighted == pytest.approx(expected[1], rel=1e-5)


def test_a_regression_output_is_a_number_learned_by_squared_error():
    output = RegressionOutput()
    found = output(HIDDEN).numpy()
    loss = float(output.loss(HIDDEN, np.array([4.0, 3.0, 5.0])))
    assert loss == pytest.approx(np.mean((found - [4, 3, 5]) ** 2), rel=1e-5)
    assert {metric.name: float(metric.result()) for metric in output.metrics}["rmse"] == pytest.approx(
        loss**0.5
    )


def test_a_categorical_output_shares_the_inputs_table():
    table = keras.layers.Embedding(5, 2)
    table.build()
    output = CategoricalOutput(5, table)
    logits = HIDDEN @ table.embeddings.numpy().T
    np.testing.assert_allclose(output(HIDDEN), logits, rtol=1e-5)
    own = logits[[0, 1, 2], [4, 0, 2]]
    assert float(output.loss(HIDDEN, np.array([4, 0, 2]))) == pytest.approx(
        np.mean(np.log(np.exp(logits).sum(axis=1)) - own), rel=1e-5
    )
    own_table = CategoricalOutput(5)
    own_table(HIDDEN)
    assert [weight.shape for weight in own_table.weights] == [(5, 2), (5,)]


def test_a_contrastive_loss_nears_the_full_softmax():
    table = keras.layers.Embedding(30, 2, embeddings_initializer=keras.initializers.RandomNormal(seed=1))
    table.build()
    counts = np.random.default_rng(2).integers(1, 20, size=30)
    output = ContrastiveOutput(table, PopularitySampler(counts, 100_000, seed=3))
    labels = np.array([3, 4, 29])
    full = CategoricalOutput(30, table)
    # The full softmax without the own item among the drawn ones, but once: the same partition sum.
    assert float(output.loss(HIDDEN, labels)) == pytest.approx(float(full.loss(HIDDEN, labels)), abs=0.01)
    np.testing.assert_allclose(output(HIDDEN, tf.range(30)), full(HIDDEN), rtol=1e-4, atol=1e-6)


def test_a_contrastive_output_learns_by_another_loss_and_keeps_weak_false_negatives():
    table = keras.layers.Embedding(3, 2)
    table.build()
    only_own = PopularitySampler([0, 1, 0], 1)  # each draw is item 1
    weak = ContrastiveOutput(table, only_own, DownScoreFalseNegatives(less=2.0), BPR())
    assert float(weak.loss(HIDDEN, np.array([1, 1, 1]))) == pytest.approx(np.log1p(np.exp(-2)), rel=1e-5)
    assert float(ContrastiveOutput(table, only_own, loss=BPR()).loss(HIDDEN, np.array([1, 1, 1]))) == 0


@pytest.mark.parametrize("output", [BinaryOutput, RegressionOutput, lambda: CategoricalOutput(5)])
def test_a_loss_of_half_precision_is_taken_in_float32(output):
    output, labels = output(), np.array([1, 0, 1])
    hidden = tf.cast(HIDDEN, tf.bfloat16)
    loss = output.loss(hidden, labels)
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(float(output.loss(tf.cast(hidden, tf.float32), labels)), rel=1e-5)
