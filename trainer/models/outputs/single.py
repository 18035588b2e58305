"""Outputs of one number per row: a probability, or a quantity."""

import keras
from keras import ops

from trainer.models.tasks import Ranking


class SingleOutput(keras.layers.Layer):
    """A dense layer with one unit, and a `Ranking` task with its loss and metrics, both in float32."""

    def __init__(self, task: Ranking, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self._dense = keras.layers.Dense(1, dtype="float32")
        self._task = task

    def build(self, input_shape):
        self._dense.build(input_shape)
        self.built = True

    def score(self, hidden):
        """Returns the dense layer's output, float32 [B], for hidden [B, d]."""
        return ops.squeeze(self._dense(hidden), axis=-1)

    def loss(self, hidden, labels, sample_weight=None, compute_metrics=True):
        """Returns the scalar loss.

        Args:
            hidden: float [B, d].
            labels: [B].
            sample_weight: [B] or None.
            compute_metrics: False leaves the metrics as they are.
        """
        return self._task(labels, self.score(hidden), sample_weight, compute_metrics=compute_metrics)


class BinaryOutput(SingleOutput):
    """The probability of a yes (liked, watched), trained with binary cross-entropy of the logit.

    Metrics: `auc` and `accuracy`.

    Examples:
        >>> output, hidden = BinaryOutput(), np.zeros((2, 3))
        >>> output(hidden).numpy().tolist(), round(float(output.loss(hidden, np.array([0, 1]))), 4)  # log 2
        ([0.5, 0.5], 0.6931)
    """

    def __init__(self, **kwargs):
        super().__init__(
            Ranking(
                loss=keras.losses.BinaryCrossentropy(from_logits=True),
                metrics=[
                    keras.metrics.AUC(from_logits=True, name="auc"),
                    keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy"),  # of a logit
                ],
            ),
            **kwargs,
        )

    def call(self, hidden):
        """Returns the probability, float32 [B]."""
        return ops.sigmoid(self.score(hidden))


class RegressionOutput(SingleOutput):
    """A quantity (a rating), trained with squared error.

    Metric: `rmse`.

    Examples:
        >>> output, hidden = RegressionOutput(), np.zeros((2, 3))
        >>> output(hidden).numpy().tolist(), float(output.loss(hidden, np.array([2, 4])))  # (4 + 16) / 2
        ([0.0, 0.0], 10.0)
    """

    def __init__(self, **kwargs):
        super().__init__(Ranking(metrics=[keras.metrics.RootMeanSquaredError(name="rmse")]), **kwargs)

    def call(self, hidden):
        """Returns the quantity, float32 [B]."""
        return self.score(hidden)
