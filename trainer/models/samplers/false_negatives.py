"""Sampled negatives that the user did take: their scores are lowered."""

import keras
from keras import ops

NEVER = -1e9  # as a score: no chance in a softmax, and finite


class DownScoreFalseNegatives(keras.layers.Layer):
    """Gives a false negative a score of its own, or takes something off the one that it has.

    A candidate is a false negative where it is the row's own item under another place, or one of
    `taken`, other items that the row's user is known to have taken. A score of NEVER leaves those out
    altogether, as `tasks.Retrieval(remove_accidental_hits=True)` does; taking off `less` keeps them as
    weak negatives.

    Args:
        score: what the score becomes; or
        less: what is taken off it. Exactly one of them.

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
        """The scores, float32 [B, C].

        Args:
            scores: float [B, C].
            labels: one-hot [B, C].
            candidate_ids: int [C].
            taken: int [B, n], -1 where there is none; or None.
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
        """The same where false negatives are known already: bool [B, C]."""
        lower = ops.full_like(scores, self._score) if self._less is None else scores - self._less
        return ops.where(false, lower, scores)
