"""Sums of large sets that are formed anew once per block of steps."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.tables.ragged import Ragged
from trainer.models.layers import implicit_sets
from trainer.models.layers.delayed_sums import PACE, DelayedSums
from trainer.models.layers.gaussian_prior import GaussianPrior
from trainer.models.layers.implicit_sets import ImplicitSets
from trainer.models.ranking.config import MfConfig
from trainer.models.ranking.registry import build
from trainer.training.ranking import RankingSettings, train_ranking

SETS = Ragged(np.array([1, 2, 3, 3], np.int32), np.array([0, 0, 3, 4, 4]))  # {}, {1, 2, 3}, {3}, {}
TABLE = np.array([[[9.0, 9]], [[1, 10]], [[2, 20]], [[4, 40]]], np.float32)
IDS = tf.constant([1, 2, 1])
ROOT = np.sqrt(3)


def table(regularizer=None) -> keras.Variable:
    layer = keras.layers.Layer()
    return layer.add_weight(shape=TABLE.shape, initializer=lambda *_, **__: TABLE, regularizer=regularizer)


def delayed(members, every=2):
    sums = DelayedSums(ImplicitSets(SETS, limit=10), members, every)
    sums.refresh()
    return sums


def step(sums, optimizer, without=None):
    """One step of the loss Σ s · (1, 2) over the sums of IDS."""
    with tf.GradientTape() as tape:
        tape.watch(sums.sums.value)
        loss = tf.reduce_sum(sums(IDS, without) * [1.0, 2.0])
    sums.record(*tape.gradient(loss, [sums.sums, sums.table]), optimizer)


def test_the_kept_sums_are_those_of_implicit_sets():
    members = table()
    expected = ImplicitSets(SETS, limit=10)(TABLE[:, 0], IDS)
    np.testing.assert_allclose(delayed(members)(IDS), expected, rtol=1e-6)
    np.testing.assert_allclose(expected[0], [7 / ROOT, 70 / ROOT], rtol=1e-6)


def test_a_block_moves_the_table_once_by_the_mean_gradient():
    members = table()
    sums, optimizer = delayed(members), keras.optimizers.SGD(1.0)
    optimizer.build([members])

    step(sums, optimizer)
    np.testing.assert_array_equal(members, TABLE)  # the block has another step to go

    step(sums, optimizer)
    # Two rows of id 1, one of id 2: 1 and 2 are in {1, 2, 3} alone, 3 in both.
    of_each = np.array([0, 2 / ROOT, 2 / ROOT, 2 / ROOT + 1])[:, None] * [1, 2]
    np.testing.assert_allclose(members.numpy()[:, 0], TABLE[:, 0] - PACE * of_each, rtol=1e-6)
    np.testing.assert_allclose(sums(IDS), ImplicitSets(SETS, 10)(members.numpy()[:, 0], IDS), rtol=1e-6)

    before = members.numpy()
    step(sums, optimizer)  # the first of the next block: what the last one gathered is gone
    np.testing.assert_array_equal(members, before)


def test_the_prior_moves_the_table_as_well():
    members = table(GaussianPrior(2.0, 1.0, rows=10))
    sums, optimizer = delayed(members, every=1), keras.optimizers.SGD(1.0)
    optimizer.build([members])
    step(sums, optimizer)
    prior = TABLE[0, 0] * [2, 1] / 10
    np.testing.assert_allclose(members.numpy()[0, 0], TABLE[0, 0] - PACE * prior, rtol=1e-6)


def test_a_member_that_is_left_out_gets_no_gradient():
    members = table()
    sums, optimizer = delayed(members, every=1), keras.optimizers.SGD(1.0)
    optimizer.build([members])
    np.testing.assert_allclose(sums(IDS, tf.constant([3, 3, 3]))[0], [3 / np.sqrt(2), 30 / np.sqrt(2)], 1e-6)
    step(sums, optimizer, without=tf.constant([3, 3, 3]))
    moved = TABLE[:, 0] - members.numpy()[:, 0]
    np.testing.assert_allclose(moved[3], 0, atol=1e-5)
    np.testing.assert_allclose(moved[1], PACE * 2 / np.sqrt(2) * np.array([1, 2]), rtol=1e-5)


@pytest.fixture
def large(monkeypatch):
    """Every set is large."""
    monkeypatch.setattr(implicit_sets, "AT_ONCE", 0)


SMALL = {"model": {"kind": "mf", "dim": 4, "members": 2}, "train": {"epochs": 3, "batch_size": 256}}


def test_a_model_learns_with_them_and_is_served_as_trained(large, data):
    result = train_ranking(RankingSettings.of(SMALL, None), data)
    model = result.model
    assert len(model.delayed_sums) == 2
    assert result.history[-1]["val_rmse"] < result.history[0]["val_rmse"]
    rows = {name: tf.constant(column) for name, column in data.evaluation.features().items()}
    served = model.for_serving()(rows)
    np.testing.assert_allclose(served, model.predict(rows, verbose=0), rtol=1e-5)


def test_a_run_that_was_killed_resumes_with_the_same_result(large, data, tmp_path):
    settings = RankingSettings.of(SMALL, None)
    whole = train_ranking(settings, data)

    class Killed(Exception):
        pass

    def kill(epoch, logs):
        if epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        train_ranking(settings, data, backup_dir=str(tmp_path), on_epoch=kill)
    resumed = train_ranking(settings, data, backup_dir=str(tmp_path))
    assert resumed.resumed == 2
    for new, old in zip(resumed.model.trainable_weights, whole.model.trainable_weights, strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-5, atol=1e-6)


def test_xla_is_refused_in_words(large, data):
    with pytest.raises(TrainingError, match=r"train\.xla is on.*too large"):
        build(MfConfig(members=1, dim=2), data.catalogue).compile(jit_compile=True)
