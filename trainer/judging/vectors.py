"""Vectors of an exported retrieval model, requested by string, so that any data can evaluate any model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.vocabularies import Vocabularies
from trainer.export.answers import UNKNOWN
from trainer.export.saved_model import SavedModel

BLOCK = 4096  # strings per request
# The signature of items' vectors; the second is that of MovieLens, and of all versions exported before.
ITEM_VECTOR = ("item_vector", "movie_vector")


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors in the order of a vocabulary; row 0 is the unknown user or film.

    Attributes:
        users: float32 [users + 1, d].
        films: float32 [movies + 1, d].
        known: bool [movies + 1], whether the model knows the film.
    """

    users: np.ndarray
    films: np.ndarray
    known: np.ndarray

    @classmethod
    def read(cls, model: SavedModel, vocabularies: Vocabularies) -> "Vectors":
        """Requests the vectors of all users and films in the vocabularies, which need not be the model's own.

        A user whom the model does not know gets the model's vector of the unknown user. The signatures are
        `user_vector`, `item_vector` or `movie_vector` (to `vector` [B, d]) and `describe` (to `ratings` [B],
        0: unknown).

        Raises:
            TrainingError: the model lacks one of them.
        """
        signature = next((name for name in ITEM_VECTOR if model.has(name)), ITEM_VECTOR[0])
        users, films = (UNKNOWN, *vocabularies.user_id), (UNKNOWN, *vocabularies.movie_id)
        return cls(
            users=_ask(model, "user_vector", USER_ID, users, "vector"),
            films=_ask(model, signature, MOVIE_ID, films, "vector"),
            known=_ask(model, "describe", MOVIE_ID, films, "ratings") > 0,
        )

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns scores, float32 [B, movies + 1], for user rows, int32 [B]; -inf for unknown films."""
        scores = self.users[users] @ self.films.T
        scores[:, ~self.known] = -np.inf
        return scores


def _ask(model: SavedModel, signature: str, name: str, values: Sequence[str], output: str) -> np.ndarray:
    blocks = [values[start : start + BLOCK] for start in range(0, len(values), BLOCK)]
    return np.concatenate([model.ask(signature, **{name: block})[output] for block in blocks])
