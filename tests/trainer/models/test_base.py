import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.models.base import Model
from trainer.models.tasks import Ranking


class Slope(Model):
    """rating = w · x, with ½ · w² as regularization."""

    def __init__(self, start=1.0, frozen=False):
        super().__init__()
        self.w = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(start),
            regularizer=keras.regularizers.L2(0.5),
            name="w",
        )
        self.frozen = frozen
        self.task = Ranking(metrics=[keras.metrics.RootMeanSquaredError(name="rmse")])

    def compute_loss(self, inputs, training=False):
        return self.task(inputs["y"], self.w * inputs["x"], sample_weight=inputs.get("weight"))

    def call(self, inputs):
        return self.w * inputs["x"]

    def gradients(self, tape, loss, weights):
        found = super().gradients(tape, loss, weights)
        return [tf.zeros_like(each) for each in found] if self.frozen else found


def batch():
    return tf.data.Dataset.from_tensors({"x": tf.constant([1.0, 2.0]), "y": tf.constant([3.0, 4.0])})


def test_loss_and_regularization_are_added_and_logged():
    model = Slope()
    model.compile(keras.optimizers.SGD(0.1))

    logs = model.evaluate(batch(), return_dict=True, verbose=0)

    # ((3 - 1)² + (4 - 2)²) / 2 = 4, and ½ · 1² beside it
    assert logs["rmse"] == pytest.approx(2.0)
    assert logs["regularization_loss"] == pytest.approx(0.5)
    assert logs["loss"] == pytest.approx(4.5)


def test_a_step_follows_the_gradient_of_loss_and_regularization():
    model = Slope()
    model.compile(keras.optimizers.SGD(0.1))

    model.fit(batch(), epochs=1, shuffle=False, verbose=0)

    # d/dw: mean(2 · (w x - y) · x) + w = (2 · -2 · 1 + 2 · -2 · 2) / 2 + 1 = -5
    assert float(model.w) == pytest.approx(1.5)


def test_gradients_are_open_to_change():
    model = Slope(frozen=True)
    model.compile(keras.optimizers.SGD(0.1))

    model.fit(batch(), epochs=3, shuffle=False, verbose=0)

    assert float(model.w) == 1.0


def test_loss_scaling_of_half_precision_leaves_the_step_as_it_is():
    model = Slope()
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=1024.0))

    model.fit(batch(), epochs=1, shuffle=False, verbose=0)

    assert float(model.w) == pytest.approx(1.5)


def test_predict_and_callbacks_work_as_in_keras():
    model = Slope(start=2.0)
    model.compile(keras.optimizers.SGD(0.0))
    seen = []

    record = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: seen.append(epoch))
    model.fit(batch(), epochs=2, shuffle=False, verbose=0, callbacks=[record])

    assert seen == [0, 1]
    np.testing.assert_allclose(model.predict(batch(), verbose=0), [2.0, 4.0])


def test_a_model_without_a_loss_says_so():
    with pytest.raises(NotImplementedError, match="Model defines no compute_loss"):
        Model().compute_loss({})
