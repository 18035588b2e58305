import keras
import keras_rs
import numpy as np
import pytest
import tensorflow as tf

from trainer.models.layers.continuous_projection import ContinuousProjection
from trainer.models.layers.dense_residual import DenseResidual
from trainer.models.layers.embedding_width import embedding_width

INPUTS = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]], np.float32)


def test_a_residual_is_the_activation_of_the_sum():
    layer = DenseResidual(normalize=False)
    layer.build((None, 3))
    kernel, bias = np.arange(9, dtype=np.float32).reshape(3, 3) / 10, np.array([0.1, 0.2, 0.3], np.float32)
    layer.set_weights([kernel, bias])
    np.testing.assert_allclose(layer(INPUTS), np.maximum(INPUTS + INPUTS @ kernel + bias, 0), rtol=1e-5)


def test_a_low_rank_residual_has_two_thin_kernels():
    layer = DenseResidual(rank=1, normalize=False, activation=None)
    found = layer(INPUTS)
    down, up, bias = layer.get_weights()
    assert (down.shape, up.shape, bias.shape) == ((3, 1), (1, 3), (3,))
    np.testing.assert_allclose(found, INPUTS + INPUTS @ down @ up, rtol=1e-5)


def test_a_residual_is_saved_remade_and_normalizes_in_training(tmp_path):
    model = keras.Sequential([keras.Input((3,)), DenseResidual(rank=2, dropout=0.1)])
    model.compile("sgd", "mse")
    model.fit(INPUTS, INPUTS, verbose=0)
    assert np.abs(model.layers[0].get_weights()[-2]).sum() > 0  # the moving mean
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", custom_objects={"DenseResidual": DenseResidual})
    np.testing.assert_allclose(again(INPUTS), model(INPUTS), rtol=1e-5)


def test_numbers_are_projected_in_the_order_of_their_names():
    layer = ContinuousProjection(2, activation=None)
    first = layer({"year": np.array([1.0, 2.0]), "age": np.array([[3.0, 4.0], [5.0, 6.0]])})
    other = layer({"age": np.array([[3.0, 4.0], [5.0, 6.0]]), "year": np.array([1.0, 2.0])})
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(first, np.array([[3, 4, 1], [5, 6, 2]]) @ kernel + bias, rtol=1e-5)
    np.testing.assert_array_equal(first, other)


@pytest.mark.parametrize(
    ("rows", "options", "width"),
    [
        (1, {}, 2),
        (16, {}, 4),
        (17, {}, 5),
        (10_000, {}, 20),
        (10_000, {"multiplier": 1.0}, 10),
        (10_000, {"multiple_of": 8}, 24),
    ],
)
def test_an_embeddings_width_is_twice_the_fourth_root(rows, options, width):
    assert embedding_width(rows, **options) == width


def test_weighted_averages_of_embeddings_are_keras_rs():
    layer = keras_rs.layers.EmbedReduce(4, 2, combiner="mean", weights=[np.arange(8.0).reshape(4, 2)])
    found = layer(np.array([[1, 3]]), np.array([[3.0, 1.0]], np.float32))
    np.testing.assert_allclose(found, [[(3 * 2 + 6) / 4, (3 * 3 + 7) / 4]])


def test_the_l2_norm_is_keras():
    np.testing.assert_allclose(keras.layers.UnitNormalization()(tf.constant([[3.0, 4.0]])), [[0.6, 0.8]])
