import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.models.samplers import CrossBatchNegatives, DownScoreFalseNegatives, PopularitySampler
from trainer.models.tasks import Retrieval


def test_ids_are_drawn_as_often_as_they_say_they_are():
    sampler = PopularitySampler([0, 60, 30, 10, 0], samples=20_000, seed=3)
    ids, expected = sampler.draw()
    found = np.bincount(ids, minlength=5)
    np.testing.assert_allclose(sampler.expected(range(5)), [0, 12_000, 6_000, 2_000, 0], rtol=1e-5)
    np.testing.assert_allclose(found, [0, 12_000, 6_000, 2_000, 0], rtol=0.06)
    np.testing.assert_allclose(expected, sampler.expected(ids))


def test_a_draw_may_be_of_another_size():
    ids, expected = PopularitySampler([0, 3, 1], samples=1).draw(tf.constant(8))
    assert ids.shape == (8,)
    np.testing.assert_allclose(expected, np.where(ids == 1, 6.0, 2.0))


def test_a_power_evens_out_what_is_popular():
    counts = [1, 16, 0]
    np.testing.assert_allclose(PopularitySampler(counts, 9, power=0.75).expected([0, 1, 2]), [1, 8, 0])
    np.testing.assert_allclose(PopularitySampler(counts, 9, power=0.0).expected([0, 1, 2]), [4.5, 4.5, 0])


def test_log_uniform_chances_are_tensorflows_by_rank():
    counts = [0, 5, 90, 7]
    found = PopularitySampler.log_uniform(counts, samples=1).expected([0, 2, 3, 1])
    np.testing.assert_allclose(found, [0, *np.log([2, 3 / 2, 4 / 3]) / np.log(4)], rtol=1e-6)
    _, _, theirs = tf.random.log_uniform_candidate_sampler([[0]], 1, 1, unique=False, range_max=3)
    assert np.isclose(float(theirs[0]), found, rtol=1e-5).any()


def test_every_call_draws_others_and_the_same_seed_the_same():
    first, second = (PopularitySampler(range(100), 50, seed=7) for _ in range(2))
    draws = [first.draw()[0].numpy() for _ in range(2)]
    assert not np.array_equal(*draws)
    np.testing.assert_array_equal(draws[0], second.draw()[0])


def test_a_sampler_draws_inside_a_compiled_step():
    sampler = PopularitySampler([0, 1, 1], 10)
    drawn = tf.function(lambda: sampler.draw()[0], jit_compile=True)
    assert set(np.concatenate([drawn().numpy() for _ in range(5)])) == {1, 2}


def test_nothing_that_occurs_cannot_be_sampled():
    with pytest.raises(ValueError, match="all counts are 0"):
        PopularitySampler([0, 0], 3)


def test_the_sampled_softmax_of_popular_negatives_is_the_full_one_on_average():
    """exp(score - log expected) summed over the draws is the catalogue's partition sum on average."""
    random = np.random.default_rng(0)
    scores, counts = random.normal(size=50).astype(np.float32), random.integers(1, 30, size=50)
    ids, expected = PopularitySampler(counts, 200_000, seed=1).draw()
    corrected = np.exp(scores[ids] - np.log(expected))
    assert corrected.sum() == pytest.approx(np.exp(scores).sum(), rel=0.02)


def test_the_queue_holds_the_last_batches_oldest_first():
    queue = CrossBatchNegatives(capacity=5, dim=1)
    assert queue.past()[1].shape == (0, 1)
    queue.push([1, 2], [[1.0], [2.0]])
    queue.push([3, 4], [[3.0], [4.0]])
    ids, vectors = queue.past()
    assert (ids.numpy().tolist(), vectors.numpy().tolist()) == ([1, 2, 3, 4], [[1], [2], [3], [4]])
    queue.push([5, 6], [[5.0], [6.0]])
    assert queue.past()[0].numpy().tolist() == [2, 3, 4, 5, 6]


def test_of_a_batch_larger_than_the_queue_the_last_items_stay():
    queue = CrossBatchNegatives(capacity=2, dim=1)
    queue.push([1, 2, 3], [[1.0], [2.0], [3.0]])
    assert queue.past()[0].numpy().tolist() == [2, 3]


def test_past_items_are_negatives_without_a_gradient_in_a_training_step():
    queue, task = CrossBatchNegatives(4, dim=2), Retrieval(remove_accidental_hits=True)
    films = tf.Variable([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])

    @tf.function
    def step(ids):
        with tf.GradientTape() as tape:
            own = tf.gather(films, ids)
            past_ids, past = queue.past()
            loss = task(own, tf.concat([own, past], axis=0), candidate_ids=tf.concat([ids, past_ids], axis=0))
            queue.push(ids, own)
        return loss, tf.convert_to_tensor(tape.gradient(loss, films))

    assert float(step(tf.constant([0, 1]))[0]) == pytest.approx(np.log(1 + np.exp(-1)))
    loss, gradient = step(tf.constant([0, 2]))
    # Row 0's own film is in the queue, and is no negative of it: films 2 (½) and 1 (0) are.
    first = np.log(1 + np.exp(0.5 - 1) + np.exp(-1))
    second = np.log(1 + 3 * np.exp(0.5 - 0.5))
    assert float(loss) == pytest.approx((first + second) / 2)
    assert gradient.numpy()[1].tolist() == [0, 0]


def test_a_queue_is_saved_and_loaded_with_its_model(tmp_path):
    def model():
        made = keras.Sequential([keras.layers.Dense(1), keras.layers.Identity()])
        made.queue = CrossBatchNegatives(3, dim=1)
        made.build((None, 1))
        return made

    one, other = model(), model()
    one.queue.push([7], [[0.5]])
    one.save_weights(tmp_path / "q.weights.h5")
    other.load_weights(tmp_path / "q.weights.h5")
    assert [each.numpy().tolist() for each in other.queue.past()] == [[7], [[0.5]]]


SCORES = np.array([[5.0, 4.0, 3.0], [1.0, 2.0, 3.0]], np.float32)
LABELS = np.array([[1, 0, 0], [0, 1, 0]])
IDS = np.array([7, 8, 7])


def test_false_negatives_get_a_score_of_their_own():
    found = DownScoreFalseNegatives(score=-9.0)(SCORES, LABELS, IDS)
    np.testing.assert_array_equal(found, [[5, 4, -9], [1, 2, 3]])


def test_what_else_the_user_took_is_scored_down_too_but_never_the_positive():
    found = DownScoreFalseNegatives(less=1.5)(SCORES, LABELS, IDS, taken=np.array([[8, -1], [7, 8]]))
    np.testing.assert_array_equal(found, [[5, 2.5, 1.5], [-0.5, 2, 1.5]])


def test_either_a_score_or_a_difference_must_be_named():
    for wrong in ({}, {"score": 1.0, "less": 1.0}):
        with pytest.raises(ValueError, match="either score or less"):
            DownScoreFalseNegatives(**wrong)
