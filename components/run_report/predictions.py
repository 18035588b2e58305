"""The ranking model's predictions for every rating in `test`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from trainer.data.description import Description
from trainer.data.examples import with_serialized
from trainer.data.features import MOVIE_ID, USER_ID, USER_RATING

BATCH = 4096
_NAMES = (USER_ID, MOVIE_ID, USER_RATING)


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions and ratings, one row per rating, in the files' order.

    Attributes:
        user, movie: ids as the examples have them, bytes in arrays of objects.
        actual, predicted: stars, float64.
    """

    user: np.ndarray
    movie: np.ndarray
    actual: np.ndarray
    predicted: np.ndarray

    def __len__(self) -> int:
        return len(self.actual)

    def __getitem__(self, rows) -> "Predictions":
        """Returns the rows of a mask or an array of indices."""
        return Predictions(self.user[rows], self.movie[rows], self.actual[rows], self.predicted[rows])

    @property
    def residual(self) -> np.ndarray:
        """Returns predicted minus actual stars."""
        return self.predicted - self.actual

    @classmethod
    def read(cls, saved_model: str, test: Sequence[str], description: Description) -> "Predictions":
        """Calls the model's `serving_examples` on the test split.

        Args:
            saved_model: the ranking model's path.
            test: file patterns.
            description: of the data.
        """
        predict = tf.saved_model.load(saved_model).signatures["serving_examples"]
        rows = [
            (
                raw[USER_ID].numpy(),
                raw[MOVIE_ID].numpy(),
                raw[USER_RATING].numpy(),
                predict(examples=serialized)[description.names.rating].numpy(),
            )
            for serialized, raw in with_serialized(test, _NAMES, BATCH, description)
        ]
        user, movie, actual, predicted = (np.concatenate(column) for column in zip(*rows, strict=True))
        return cls(user, movie, actual.astype(np.float64), predicted.astype(np.float64))


def mean_stars(patterns: Sequence[str], description: Description) -> float:
    """Returns the mean rating of a split."""
    batches = with_serialized(patterns, _NAMES, BATCH, description)
    stars = [raw[USER_RATING].numpy() for _, raw in batches]
    return float(np.mean(np.concatenate(stars)))
