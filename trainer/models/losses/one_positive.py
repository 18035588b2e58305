"""The base of losses that set one positive's score against those of a row's negatives."""

import keras
from keras import ops

FALSE_NEGATIVE = -5e8  # scores below it belong to candidates that are left out (`samplers`' NEVER)


class OnePositiveLoss(keras.losses.Loss):
    """A loss from one-hot labels and scores, of rows with one positive each.

    It takes what `tasks.Retrieval` gives its loss, and what Keras's categorical cross-entropy takes.
    keras-rs's pairwise losses compare every two items of a list, which for C candidates costs C² of
    memory a row; here it is C. What a negative costs is averaged over the row's negatives, so that how
    many were sampled does not change the learning rate. Candidates scored below -5e8 are left out: that
    is how accidental hits are removed.

    A subclass says what a row costs in `cost`.

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
        """[B]; 0 for a row without any negative."""
        scores = ops.cast(y_pred, "float32")
        positive = ops.cast(y_true, "float32")
        own = ops.sum(positive * scores, axis=-1, keepdims=True)
        there = ops.cast(scores > FALSE_NEGATIVE, "float32") * (1 - positive)
        # Those that are left out get the positive's score: finite, so that no gradient becomes NaN.
        return self.cost(own, ops.where(there > 0, scores, own), there)

    def cost(self, positive, negatives, there):
        """What each row costs, [B].

        Args:
            positive: float32 [B, 1].
            negatives: float32 [B, C].
            there: float32 [B, C], 1 for a negative, 0 for what is none and must not count.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no cost(positive, negatives, there).")


def mean(costs, there):
    """The mean of each row's costs over its negatives: [B] of [B, C]."""
    return ops.sum(costs * there, axis=-1) / ops.maximum(ops.sum(there, axis=-1), 1)


def log_shares(negatives, there):
    """The log of each negative's share in the softmax over the row's negatives, [B, C]; -1e9: not there."""
    return ops.where(there > 0, ops.log_softmax(ops.where(there > 0, negatives, -1e9), axis=-1), -1e9)
