"""Treatment of false negatives, sampled items that the user did interact with: their scores are lowered."""

import keras
from keras import ops

NEVER = -1e9  # a score without weight in a softmax, but finite


class DownScoreFalseNegatives(keras.layers.Layer):
    """Replaces the scores of false negatives, or lowers them.

    A candidate is a false negative if it is the row's positive item in another column, or one of `taken`,
    the other items that the row's user is known to have interacted with. A score of NEVER leaves them out
    altogether, as `tasks.Retrieval(remove_accidental_hits=True)` does; subtracting `less` keeps them as weak
    negatives. Exactly one of the two arguments is given.

    Args:
        score: the new score of false negatives.
        less: the amount that is subtracted from their scores.

    Examples:
        >>> down = DownScoreFalseNegatives(less=2.0)
        >>> down(np.array([[5.0, 4, 3]]), np.array([[1, 0, 0]]), np.array([7, 8, 7])).numpy().tolist()
        [[5.0, 4.0, 1.0]]

    Raises:
        ValueError: both are given, or neither.
    """

    def __init__(self, score: float | None = None, less: float | None = None, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        if (score is None) == (less is None):
            raise ValueError("DownScoreFalseNegatives takes either score or less.")
        self._score, self._less = score, less
        self.built = True

    def call(self, scores, labels, candidate_ids, taken=None):
        """Returns the scores with false negatives lowered, float32 [B, C].

        Args:
            scores: float [B, C].
            labels: one-hot [B, C].
            candidate_ids: int [C].
            taken: int [B, n], the items of each row's user, padded with -1; or None.
        """
        positive = ops.cast(labels, "bool")
        candidate_ids = ops.cast(candidate_ids, "int32")
        own = ops.take(candidate_ids, ops.argmax(labels, axis=1))
        false = own[:, None] == candidate_ids
        if taken is not None:
            taken = ops.cast(taken, "int32")
            false = false | ops.any(taken[:, :, None] == candidate_ids, axis=1)
        return self.lowered(scores, false & ~positive)

    def lowered(self, scores, false):
        """Lowers the scores of the false negatives in the mask `false`, bool [B, C]."""
        lower = ops.full_like(scores, self._score) if self._less is None else scores - self._less
        return ops.where(false, lower, scores)
