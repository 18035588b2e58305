"""The base class of losses that compare one positive's score with those of its row's negatives."""

import keras
from keras import ops

FALSE_NEGATIVE = -5e8  # scores below it mark candidates that are left out (`samplers`' NEVER)


class OnePositiveLoss(keras.losses.Loss):
    """A loss from one-hot labels and scores, for rows with one positive each.

    It takes the same arguments as Keras's categorical cross-entropy, and can be the loss of
    `tasks.Retrieval`. keras-rs's pairwise losses compare every two items of a list, which takes C² of memory
    per row for C candidates; this one takes C. The cost is averaged over a row's negatives, so that the
    number of samples does not change the learning rate. Candidates scored below -5e8 are left out: that is
    how accidental hits are removed.

    A subclass defines `cost`, the cost of each row.

    Call arguments:
        - y_true: one-hot [B, C].
        - y_pred: scores, [B, C].

    Examples:
        >>> class Gap(OnePositiveLoss):
        ...     def cost(self, positive, negatives, there):
        ...         return mean(negatives - positive, there)
        >>> float(Gap()([[1, 0, 0]], [[3.0, 2.0, 0.0]]))
        -2.0
    """

    def call(self, y_true, y_pred):
        """Returns the loss of each row, [B]; 0 for a row without negatives."""
        scores = ops.cast(y_pred, "float32")
        positive = ops.cast(y_true, "float32")
        own = ops.sum(positive * scores, axis=-1, keepdims=True)
        there = ops.cast(scores > FALSE_NEGATIVE, "float32") * (1 - positive)
        # Candidates that are left out get the positive's score, which is finite: no gradient becomes NaN.
        return self.cost(own, ops.where(there > 0, scores, own), there)

    def cost(self, positive, negatives, there):
        """Returns the cost of each row, [B].

        Args:
            positive: float32 [B, 1].
            negatives: float32 [B, C].
            there: float32 [B, C], 1 for a negative, 0 for candidates that must not count.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no cost(positive, negatives, there).")


def mean(costs, there):
    """Returns the mean of each row's costs over its negatives: [B] from [B, C]."""
    return ops.sum(costs * there, axis=-1) / ops.maximum(ops.sum(there, axis=-1), 1)


def log_shares(negatives, there):
    """Returns the log softmax over each row's negatives, [B, C]; -1e9 for candidates that do not count."""
    return ops.where(there > 0, ops.log_softmax(ops.where(there > 0, negatives, -1e9), axis=-1), -1e9)
