"""The weight of an interaction of implicit feedback, by how strong it is."""

from dataclasses import dataclass

import numpy as np

from trainer.data.description import Description


@dataclass(frozen=True)
class Strengths:
    """The weights of interactions, in units of their mean over train.

    An event's weight is taken as it is, and a count as log(1 + count): the first plays say more than the
    thousandth (Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", 2008).

    Attributes:
        counted: whether strengths are counts.
        mean: the mean weight over train's interactions, by which all are divided, so that learning rates and
            regularization mean the same whatever the unit of the strengths.

    Examples:
        >>> from trainer.data.description import Description
        >>> strengths = Strengths.of(np.array([0.0, 3.0]), Description(feedback="implicit", strength="count"))
        >>> strengths(np.array([3.0, 15.0])).tolist()  # log 4 and log 16, by the mean of log 1 and log 4
        [2.0, 4.0]
    """

    counted: bool
    mean: float

    @classmethod
    def of(cls, strength: np.ndarray, description: Description) -> "Strengths | None":
        """Returns the weights of a data set; None if all interactions weigh the same, or are ratings.

        Args:
            strength: float [rows], the strengths of train.
            description: tells what they are.
        """
        if not description.implicit or description.strength == "one" or not len(strength):
            return None
        if strength.min() == strength.max():
            return None
        counted = description.strength == "count"
        raw = np.log1p(strength.astype(np.float64)) if counted else strength.astype(np.float64)
        return cls(counted, float(raw.mean()))

    def __call__(self, strength: np.ndarray) -> np.ndarray:
        """Returns the weights of strengths, float32 of the same shape."""
        raw = np.log1p(strength.astype(np.float64)) if self.counted else strength.astype(np.float64)
        return (raw / self.mean).astype(np.float32)
