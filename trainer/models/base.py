"""The base class of every model: a subclass defines the loss; `fit`, `evaluate` and callbacks then work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import keras
import tensorflow as tf

if TYPE_CHECKING:
    from trainer.models.layers.delayed_sums import DelayedSums


@dataclass(frozen=True, eq=False)
class Weight:
    """A trainable variable, and the keys that its rows belong to.

    Attributes:
        variable: the Keras variable.
        keys: the key of each row (a user's id, a genre's name), "" for the out-of-vocabulary row; None
            where rows mean nothing outside the model.
    """

    variable: keras.Variable
    keys: tuple[str, ...] | None = None


class Model(keras.Model):
    """A Keras model that defines its own loss, like TensorFlow Recommenders' `tfrs.Model`.

    A subclass creates its layers in `__init__`. Its `compute_loss` takes a whole batch of features (a dict
    that includes the labels), updates the metrics and returns a scalar. `call` is needed for `predict`, for
    saving, and under a distribution strategy; training itself does not need it.

    Regularization losses are added to the loss. Mixed precision, XLA and `MirroredStrategy` work as in any
    Keras model. The logs hold `loss` (with regularization), `regularization_loss` and the model's metrics.

    Attributes:
        monitor: the name of the log that early stopping monitors.
        monitor_mode: "min" if lower is better, "max" if higher is better.

    Examples:
        >>> class Mean(Model):
        ...     def compute_loss(self, inputs, training=False):
        ...         return tf.reduce_mean(inputs["value"])
        >>> model = Mean()
        >>> model.compile()
        >>> batches = tf.data.Dataset.from_tensors({"value": [1.0, 3.0]})
        >>> model.evaluate(batches, verbose=0, return_dict=True)["loss"]
        2.0
    """

    monitor = "val_loss"
    monitor_mode: Literal["min", "max"] = "min"
    #: Sums of large sets, whose tables move once per block of steps and not in each.
    delayed_sums: Sequence["DelayedSums"] = ()

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._regularization = keras.metrics.Mean(name="regularization_loss")

    def build(self, input_shape=None):
        """Does nothing: each layer builds itself on the first batch."""

    def compute_loss(self, inputs, training=False):
        """Returns the batch's mean loss without regularization, a scalar.

        Args:
            inputs: a batch as the dataset yields it, usually a dict of features.
            training: whether this is a training step.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no compute_loss(inputs, training).")

    def weights_by_name(self) -> dict[str, Weight]:
        """Returns every trainable variable by a name that is the same in all models of this kind.

        A warm start matches the weights of two models by these names and keys: see
        `trainer.training.warm_start`.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no weights_by_name().")

    def gradients(self, tape: tf.GradientTape, loss, weights: Sequence[keras.Variable]):
        """Returns the gradients of `weights`; override to clip, mask or scale them.

        Under `mixed_float16`, `loss` and so the gradients carry the optimizer's loss scale.
        """
        return tape.gradient(loss, weights)

    def train_step(self, data):
        delayed = self.delayed_sums
        with tf.GradientTape() as tape:
            for each in delayed:
                tape.watch(each.sums.value)
            total = self._total_loss(data, training=True)
            # Gradients are summed over replicas, and each replica's loss is the mean over its own rows.
            shared = total / tf.cast(self.distribute_strategy.num_replicas_in_sync, total.dtype)
            scaled = self.optimizer.scale_loss(shared)
        tables = [each.table for each in delayed]
        weights = [each for each in self.trainable_weights if not any(each is table for table in tables)]
        sums = [each.sums for each in delayed]
        gradients = self.gradients(tape, scaled, [*weights, *sums, *tables])
        self.optimizer.apply_gradients(zip(gradients, weights, strict=False))  # the others are the sums'
        of_sums, of_tables = gradients[len(weights) :][: len(sums)], gradients[len(weights) + len(sums) :]
        for each, of_sum, of_table in zip(delayed, of_sums, of_tables, strict=True):
            each.record(of_sum, of_table, self.optimizer)
        return self.get_metrics_result()

    def fit(self, *args, initial_epoch=0, **kwargs):
        # Weights may have been assigned since; a resumed run has its sums from the backup.
        if not initial_epoch:
            self._refresh_sums()
        return super().fit(*args, initial_epoch=initial_epoch, **kwargs)

    def evaluate(self, *args, **kwargs):
        self._refresh_sums()
        return super().evaluate(*args, **kwargs)

    def predict(self, *args, **kwargs):
        self._refresh_sums()
        return super().predict(*args, **kwargs)

    def _refresh_sums(self) -> None:
        for each in self.delayed_sums:
            each.refresh()

    def test_step(self, data):
        self._total_loss(data, training=False)
        return self.get_metrics_result()

    def _total_loss(self, data, training: bool):
        loss = tf.cast(self.compute_loss(data, training=training), tf.float32)
        regularization = tf.add_n([tf.cast(each, tf.float32) for each in self.losses] or [tf.zeros(())])
        self._regularization.update_state(regularization)
        self._loss_tracker.update_state(loss + regularization)
        return loss + regularization
