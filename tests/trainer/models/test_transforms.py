import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.models.transforms import (
    HashedCrosses,
    SwapNoise,
    apply_mask,
    as_dense,
    as_ragged,
    as_sparse,
    broadcast_to_sequence,
    mask_last,
    mask_random,
    predict_last,
    predict_next,
    predict_random,
)

LISTS = tf.ragged.constant([[1, 2, 3], [4, 5], [6, 7, 8, 9]], dtype=tf.int32)
STARS = tf.ragged.constant([[10, 20, 30], [40, 50], [60, 70, 80, 90]], dtype=tf.int32)
FEATURES = {"movie": LISTS, "stars": STARS, "user": tf.constant([7, 8, 9])}
SEQUENCES = ("movie", "stars")


def test_a_cross_is_keras_own_and_every_pair_can_be_asked_for():
    features = {
        "age": tf.constant([3, 3, 4]),
        "gender": tf.constant(["F", "M", "F"]),
        "zip": tf.constant([1, 1, 1]),
    }
    every = HashedCrosses(50)(features)
    assert list(every) == ["age_x_gender", "age_x_zip", "gender_x_zip"]
    expected = keras.layers.HashedCrossing(50)((features["age"], features["gender"]))
    np.testing.assert_array_equal(every["age_x_gender"], expected)
    assert len(set(expected.numpy())) == 3
    assert list(HashedCrosses(50, level=3)(features))[-1] == "age_x_gender_x_zip"
    chosen = HashedCrosses(50, [("zip", "gender")])
    assert list(HashedCrosses.from_config(chosen.get_config())(features)) == ["zip_x_gender"]


def test_a_cross_of_one_feature_is_none():
    with pytest.raises(ValueError, match="at least two features"):
        HashedCrosses(10, [("age",)])


def test_category_encoding_is_keras_own():
    layer = keras.layers.CategoryEncoding(4, output_mode="multi_hot")
    np.testing.assert_array_equal(layer(np.array([[0, 2], [3, 3]])), [[1, 0, 1, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize("to", [as_ragged, as_dense, as_sparse])
def test_lists_survive_every_conversion(to):
    other = to(LISTS)
    back = as_ragged(other, padding=0)
    assert back.to_list() == LISTS.to_list()
    np.testing.assert_array_equal(as_dense(other), LISTS.to_tensor())


def test_dense_lists_have_the_length_and_the_padding_that_is_asked_for():
    expected = [[1, 2, 3], [4, 5, -1], [6, 7, 8]]
    np.testing.assert_array_equal(as_dense(LISTS, padding=-1, length=3), expected)
    np.testing.assert_array_equal(as_dense(as_dense(LISTS, padding=-1), padding=-1, length=3), expected)


def test_noise_swaps_about_its_rate_and_keeps_padding_and_lengths():
    values = np.arange(1, 4001)
    found = SwapNoise(0.25, seed=1)(tf.constant(values), training=True).numpy()
    assert np.mean(found != values) == pytest.approx(0.25, abs=0.03)
    assert set(found) <= set(values)
    padded = SwapNoise(1.0, seed=1)(tf.constant([[5, 6, 0], [7, 0, 0]]), training=True).numpy()
    assert ((padded == 0) == [[0, 0, 1], [0, 1, 1]]).all()
    ragged = SwapNoise(1.0)({"movie": LISTS}, training=True)["movie"]
    assert ragged.row_lengths().numpy().tolist() == [3, 2, 4]


def test_noise_is_for_training_alone_and_for_strings_too():
    words = tf.constant(["a", "b", ""])
    noise = SwapNoise(1.0, padding="")
    np.testing.assert_array_equal(noise(words), words)
    assert noise(words, training=True).numpy()[2] == b""
    np.testing.assert_array_equal(SwapNoise(1.0)(tf.constant([0, 0]), training=True), [0, 0])


def test_context_stands_at_every_step():
    ragged = broadcast_to_sequence({"user": FEATURES["user"]}, LISTS)["user"]
    assert ragged.to_list() == [[7, 7, 7], [8, 8], [9, 9, 9, 9]]
    dense = broadcast_to_sequence(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.zeros([2, 3]))
    np.testing.assert_array_equal(dense, [[[1, 2]] * 3, [[3, 4]] * 3])


def test_the_next_step_is_the_target_of_each():
    inputs, targets = predict_next(FEATURES, "movie", SEQUENCES)
    assert inputs["movie"].to_list() == [[1, 2], [4], [6, 7, 8]]
    assert inputs["stars"].to_list() == [[10, 20], [40], [60, 70, 80]]
    assert inputs["user"] is FEATURES["user"]
    assert targets.to_list() == [[2, 3], [5], [7, 8, 9]]


def test_the_last_step_is_the_target():
    inputs, targets = predict_last(FEATURES, "movie", SEQUENCES)
    assert inputs["stars"].to_list() == [[10, 20], [40], [60, 70, 80]]
    assert targets.numpy().tolist() == [3, 5, 9]


def test_any_step_but_the_first_is_the_target_and_only_earlier_ones_are_seen():
    met = set()
    for seed in range(40):
        inputs, targets = predict_random(FEATURES, "movie", SEQUENCES, seed=[seed, 0])
        for row, target in enumerate(targets.numpy()):
            place = LISTS.to_list()[row].index(target)
            assert inputs["movie"].to_list()[row] == LISTS.to_list()[row][:place]
            assert inputs["stars"].to_list()[row] == STARS.to_list()[row][:place]
            met.add(target)
    assert met == {2, 3, 5, 7, 8, 9}


def test_targets_are_made_inside_tf_data():
    dataset = tf.data.Dataset.from_tensors(FEATURES)
    for make in (predict_next, predict_last, predict_random):
        inputs, _ = next(iter(dataset.map(lambda features, make=make: make(features, "movie", SEQUENCES))))
        assert inputs["movie"].row_lengths().numpy().max() <= 3


def test_what_cannot_be_predicted_is_said():
    with pytest.raises(ValueError, match="'user' is none of the sequences"):
        predict_next(FEATURES, "user", SEQUENCES)
    with pytest.raises(ValueError, match="'user' is not ragged"):
        predict_next(FEATURES, "movie", ["movie", "user"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="fewer than two steps"):
        predict_last({"movie": tf.ragged.constant([[1]])}, "movie", ["movie"])


def test_the_last_step_is_hidden():
    assert mask_last(LISTS).to_list() == [[False, False, True], [False, True], [False] * 3 + [True]]
    assert apply_mask(LISTS, mask_last(LISTS), 99).to_list() == [[1, 2, 99], [4, 99], [6, 7, 8, 99]]


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_at_least_one_step_is_hidden_and_never_all(rate):
    sequence = tf.ragged.constant([[1, 2, 3], [4, 5], [6], [7] * 5], dtype=tf.int32)
    for seed in range(20):
        hidden = [sum(row) for row in mask_random(sequence, rate, seed=[seed, 1]).to_list()]
        assert hidden == ([1, 1, 1, 1] if rate == 0 else [2, 1, 1, 4])


def test_steps_are_hidden_at_the_rate_and_are_the_targets():
    sequence = tf.RaggedTensor.from_row_lengths(tf.range(40_000), [100] * 400)
    mask = mask_random(sequence, 0.3, seed=[1, 2])
    assert np.mean(mask.flat_values) == pytest.approx(0.3, abs=0.01)
    masked, targets = apply_mask(sequence, mask, -1), tf.ragged.boolean_mask(sequence, mask)
    assert tf.reduce_sum(tf.cast(masked.flat_values == -1, tf.int32)) == tf.size(targets.flat_values)


def test_a_mask_is_another_each_time_inside_tf_data():
    dataset = tf.data.Dataset.from_tensors(LISTS).repeat(20).map(mask_random)
    assert len({str(mask.to_list()) for mask in dataset}) > 1
