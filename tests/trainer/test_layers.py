import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue as catalogues
from trainer.catalogue import Ragged
from trainer.layers.gaussian_prior import GaussianPrior
from trainer.layers.heads import MeanHead, OrdinalHead
from trainer.layers.implicit_sets import ImplicitSets
from trainer.vocabularies import Vocabularies

SETS = Ragged(np.array([1, 2, 3, 3], np.int32), np.array([0, 0, 3, 4, 4]))  # {}, {1, 2, 3}, {3}, {}
TABLE = np.array([[9, 9], [1, 10], [2, 20], [4, 40]], np.float32)


@pytest.fixture
def catalogue():
    """Stars 1, 2 and 5 in shares of ¼, ¼ and ½."""
    columns = {"user_id": list("abcd"), "movie_id": list("1234"), "user_rating": [1.0, 2.0, 5.0, 5.0]}
    vocabularies = Vocabularies.from_columns(columns)
    return catalogues.from_columns(columns, vocabularies)[1]


@pytest.mark.parametrize("way", [{"at_once": 10}, {"at_once": 0}, {"xla": True}], ids=str)
def test_a_set_is_the_sum_of_its_rows_over_the_root_of_its_size(way):
    sets = ImplicitSets(SETS, limit=10, at_once=way.get("at_once", 10))
    found = sets(TABLE, tf.constant([3, 1, 2, 1, 0]), xla=way.get("xla", False))
    root = np.sqrt(3)
    np.testing.assert_allclose(found, [[0, 0], [7 / root, 70 / root], [4, 40], [7 / root, 70 / root], [0, 0]])


def test_a_set_beyond_the_limit_is_its_latest_members():
    found = ImplicitSets(SETS, limit=2)(TABLE, tf.constant([1]))
    np.testing.assert_allclose(found, [[6 / np.sqrt(2), 60 / np.sqrt(2)]])


@pytest.mark.parametrize("at_once", [10, 0])
def test_the_gradient_reaches_the_members_alone(at_once):
    table = tf.Variable(TABLE)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(ImplicitSets(SETS, 10, at_once)(table, tf.constant([2])))
    np.testing.assert_allclose(
        tf.convert_to_tensor(tape.gradient(total, table)), [[0, 0], [0, 0], [0, 0], [1, 1]]
    )


def test_the_prior_weighs_factors_and_the_bias_each_by_its_precision():
    weight = np.array([[[1.0, 2.0, 3.0]], [[0.0, 1.0, 1.0]]], np.float32)
    # ½ / 100 · (16 · (1 + 4 + 1) + 5 · (9 + 1))
    assert float(GaussianPrior(16, 5, rows=100)(weight)) == pytest.approx(0.73)


def test_an_ordinal_score_of_0_is_trains_distribution(catalogue):
    head = OrdinalHead(catalogue, members=2)
    scores = tf.zeros([1, 2])
    np.testing.assert_allclose(head.shares(scores)[0, 1], [0.25, 0.25, 0.5], rtol=1e-6)
    assert float(head(scores)[0]) == pytest.approx(0.25 * 1 + 0.25 * 2 + 0.5 * 5)


def test_an_ordinal_loss_is_minus_the_log_of_the_observed_stars_share(catalogue):
    head = OrdinalHead(catalogue, members=1)
    found = head.loss(tf.constant([[0.0], [1.0], [0.0]]), tf.constant([5.0, 1.0, 4.4]))
    at_most_1 = 1 / (1 + np.exp(1 - np.log(1 / 3)))  # sigmoid(logit(¼) - 1)
    np.testing.assert_allclose(found[:, 0], [-np.log(0.5), -np.log(at_most_1), -np.log(0.5)], rtol=1e-5)


def test_the_members_of_either_head_are_averaged(catalogue):
    assert float(MeanHead(catalogue)(tf.constant([[1.0, 2.0]]))[0]) == pytest.approx(3.25 + 1.5)
    np.testing.assert_allclose(
        MeanHead(catalogue).loss(tf.constant([[1.0, 2.0]]), tf.constant([4.0])), [[0.0625, 1.5625]]
    )
    two, one = OrdinalHead(catalogue, members=2), OrdinalHead(catalogue, members=1)
    expected = (float(one(tf.constant([[1.0]]))[0]) + float(one(tf.constant([[-2.0]]))[0])) / 2
    assert float(two(tf.constant([[1.0, -2.0]]))[0]) == pytest.approx(expected)
