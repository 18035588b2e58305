"""Requests to an exported model for held-out users, given their histories, as a server makes them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trainer.data.features import MOVIE_ID, MOVIE_TITLE
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.metrics.top_k import NOTHING
from trainer.export.brought import WEIGHT
from trainer.export.retrieval_server import SCORE
from trainer.export.saved_model import SavedModel

BLOCK = 64  # users per request


@dataclass(frozen=True, eq=False)
class ByHistory:
    """A model's lists and scores for cold-start users (`HeldOut.met` is false).

    Attributes:
        model: the loaded model.
        signature: `candidates_for_history` of a retrieval model, `recommend_for_history` of a recommender. A
            model of an older version has only their counterparts by title, which are called instead.
        held_out: the users.
    """

    model: SavedModel
    signature: str
    held_out: HeldOut

    def lists(self, k: int) -> np.ndarray:
        """Returns film ids in the order of `held_out.users`, int32 [U, k], best first, padded with -1."""
        lists = np.full((len(self.held_out.users), k), NOTHING, np.int32)
        for start, films, _ in self._found(self.held_out.users, k):
            lists[start : start + len(films), : films.shape[1]] = films
        return lists

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns all films' scores, float32 [B, movies], for int32 [B]; -inf for films not recommended."""
        movies = self.held_out.catalogue.movies
        scores = np.full((len(users), movies), -np.inf, np.float32)
        for start, films, found in self._found(users, movies - 1):
            rows, places = np.nonzero(films != NOTHING)
            scores[start + rows, films[rows, places]] = found[rows, places]
        return scores

    def _found(self, users: np.ndarray, k: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yields, for each block, the index of its first user, films [b, k'] and scores."""
        catalogue = self.held_out.catalogue
        row_of = {name.encode(): row for row, name in enumerate(catalogue.vocabularies.movie_id, start=1)}
        for start in range(0, len(users), BLOCK):
            found = self._asked([catalogue.watched[user] for user in users[start : start + BLOCK]], k)
            names = found[MOVIE_ID]
            films = np.array([row_of.get(name, NOTHING) for name in names.ravel()], np.int32)
            yield start, films.reshape(names.shape), found[SCORE]

    def _asked(self, histories: list[np.ndarray], k: int) -> dict[str, np.ndarray]:
        """Asks for histories of film ids, one request for all."""
        catalogue, by_id = self.held_out.catalogue, self.model.has(self.signature)
        names = ["", *catalogue.vocabularies.movie_id] if by_id else catalogue.attributes.titles
        longest = max(1, *map(len, histories)) if histories else 1
        padded = [[*(names[film] for film in row), *[""] * (longest - len(row))] for row in histories]
        if by_id:
            return self.model.ask(
                self.signature, **{MOVIE_ID: padded, WEIGHT: np.ones((len(padded), longest))}, k=k
            )
        return self.model.ask(self.signature.replace("_for_", "_from_"), **{MOVIE_TITLE: padded}, k=k)
