import keras
import keras_rs
import numpy as np
import pytest
import tensorflow as tf

from trainer.models.losses import BPR, TOP1, TOP1V2, BPRMax, Hinge, TOP1Max
from trainer.models.samplers.false_negatives import NEVER
from trainer.models.tasks import Retrieval

LABELS = np.array([[0.0, 1.0, 0.0]], np.float32)
SCORES = np.array([[1.0, 2.0, -1.0]], np.float32)
EVERY = [BPR(), BPRMax(), Hinge(), TOP1(), TOP1Max(), TOP1V2()]


def sigmoid(value):
    return 1 / (1 + np.exp(-value))


def by_hand(loss: str) -> float:
    """For a positive of 2 and negatives of 1 and -1."""
    share = np.exp([1, -1]) / np.exp([1, -1]).sum()
    ahead = np.array([1, 3])
    top1 = sigmoid(-ahead) + sigmoid(1)
    return {
        "bpr": -np.log(sigmoid(ahead)).mean(),
        "bpr_max": -np.log(share @ sigmoid(ahead)) + 1.0,  # Σ shares · 1² = 1
        "hinge": 0.0,  # both are at least the margin behind
        "top1": top1.mean(),
        "top1_max": share @ top1,
        "top1_v2": top1.mean() - sigmoid(4) / 2,
    }[loss]


@pytest.mark.parametrize(
    ("loss", "name"),
    list(zip(EVERY, ["bpr", "bpr_max", "hinge", "top1", "top1_max", "top1_v2"], strict=True)),
)
def test_a_loss_is_its_papers_formula(loss, name):
    assert float(loss(LABELS, SCORES)) == pytest.approx(by_hand(name), rel=1e-5)


def test_the_regularization_of_bpr_max_is_weighed_by_the_negatives_shares():
    scores, share = [[0.0, 3.0, 1.0]], np.exp([0, 1]) / np.exp([0, 1]).sum()
    difference = float(BPRMax(2.0)(LABELS, scores)) - float(BPRMax(0.0)(LABELS, scores))
    assert difference == pytest.approx(2 * share[1], rel=1e-5)


def test_the_hinge_is_the_margin_that_is_missed():
    assert float(Hinge(margin=2.0)(LABELS, SCORES)) == pytest.approx((1 + 0) / 2)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(BPR, keras_rs.losses.PairwiseLogisticLoss), (Hinge, keras_rs.losses.PairwiseHingeLoss)],
)
def test_with_one_positive_keras_rs_sums_the_same_pairs(ours, theirs):
    scores = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    labels = np.eye(4, 6, dtype=np.float32)
    assert float(ours()(labels, scores)) == pytest.approx(float(theirs()(labels, scores)) * 6 / 5, rel=1e-5)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: type(loss).__name__)
def test_a_removed_candidate_counts_for_nothing_and_gradients_stay_finite(loss):
    labels = tf.constant([[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    scores = tf.Variable([[1.0, 2.0, NEVER, -1.0], [50.0, NEVER, NEVER, NEVER]])
    with tf.GradientTape() as tape:
        total = loss(labels, scores)
    assert float(total) == pytest.approx(float(loss(LABELS, SCORES)) / 2, rel=1e-5)  # the second row costs 0
    gradient = tape.gradient(total, scores).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient[0, 2], *gradient[1, 1:]) == (0, 0, 0, 0)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: type(loss).__name__)
def test_scores_far_apart_cost_finite_amounts(loss):
    assert np.isfinite(float(loss(LABELS, [[300.0, -300.0, 200.0]])))


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: type(loss).__name__)
def test_a_loss_is_remade_from_its_config_and_weighs_rows(loss):
    again = type(loss).from_config(loss.get_config())
    labels, scores = np.repeat(LABELS, 2, axis=0), np.array([[1.0, 2.0, -1.0], [5.0, 0.0, 0.0]], np.float32)
    assert float(again(labels, scores, sample_weight=[1.0, 0.0])) == pytest.approx(
        float(loss(LABELS, SCORES)) / 2, rel=1e-5
    )


def test_the_retrieval_task_learns_by_any_of_them():
    vectors = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    scores = vectors @ vectors.T
    ahead = np.diag(scores)[:, None] - scores
    expected = np.log1p(np.exp(-ahead))[~np.eye(5, dtype=bool)].mean()
    assert float(Retrieval(loss=BPR())(vectors, vectors)) == pytest.approx(expected, rel=1e-5)


def test_categorical_cross_entropy_from_logits_is_keras_own():
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    assert float(loss(LABELS, SCORES)) == pytest.approx(np.log(np.exp(SCORES).sum()) - 2, rel=1e-5)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: type(loss).__name__)
def test_scores_of_half_precision_cost_what_they_do_in_float32(loss):
    found = loss(LABELS, tf.cast(SCORES, tf.bfloat16))
    assert float(found) == pytest.approx(float(loss(LABELS, SCORES)), rel=1e-5)
