"""The ranking task: a loss between labels and predicted ratings, and metrics of their error."""

from collections.abc import Sequence

import keras


class Ranking(keras.layers.Layer):
    """The counterpart of `tfrs.tasks.Ranking`.

    Args:
        loss: a Keras loss; mean squared error if None.
        metrics: updated with labels and predictions.
        prediction_metrics: updated with predictions alone.
        label_metrics: updated with labels alone.
        loss_metrics: updated with the loss.

    Examples:
        >>> task = Ranking(metrics=[keras.metrics.RootMeanSquaredError()])
        >>> float(task(labels=[4.0, 2.0], predictions=[3.0, 2.0]))
        0.5
    """

    def __init__(
        self,
        loss: keras.losses.Loss | None = None,
        metrics: Sequence[keras.metrics.Metric] = (),
        prediction_metrics: Sequence[keras.metrics.Metric] = (),
        label_metrics: Sequence[keras.metrics.Metric] = (),
        loss_metrics: Sequence[keras.metrics.Metric] = (),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._loss = loss or keras.losses.MeanSquaredError()
        self._ranking_metrics = list(metrics)
        self._prediction_metrics = list(prediction_metrics)
        self._label_metrics = list(label_metrics)
        self._loss_metrics = list(loss_metrics)
        self.built = True

    def call(self, labels, predictions, sample_weight=None, compute_metrics=True):
        """Returns the scalar loss.

        Args:
            labels, predictions: [B], or [B, n].
            sample_weight: [B] or None: the weight of each row in the loss and in the metrics.
            compute_metrics: False skips the update of the metrics (which takes time in training).
        """
        labels, predictions = _rows(labels), _rows(predictions)
        loss = self._loss(labels, predictions, sample_weight=sample_weight)
        if compute_metrics:
            self.update(labels, predictions, loss, sample_weight)
        return loss

    def update(self, labels, predictions, loss, sample_weight=None) -> None:
        """Updates the metrics alone, for a model that has a loss of its own."""
        labels, predictions = _rows(labels), _rows(predictions)
        for metric in self._ranking_metrics:
            metric.update_state(labels, predictions, sample_weight=sample_weight)
        for metric in self._prediction_metrics:
            metric.update_state(predictions, sample_weight=sample_weight)
        for metric in self._label_metrics:
            metric.update_state(labels, sample_weight=sample_weight)
        for metric in self._loss_metrics:
            metric.update_state(loss)


def _rows(values):
    """Returns [B] or [B, n] as float32 [B, n]: Keras's losses average the last axis, then weigh rows."""
    values = keras.ops.cast(values, "float32")
    return values[:, None] if len(values.shape) == 1 else values
