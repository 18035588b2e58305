"""The pairs of a span for which models are asked a rating, or the chance of an interaction."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from trainer.data.implicit.negatives import POWER, Negatives
from trainer.data.ratings import Ratings
from trainer.evaluation.metrics.chances import area_under_curve, log_losses


@dataclass(frozen=True, eq=False)
class AskedPairs:
    """Pairs of users and items to ask ranking models about.

    Attributes:
        frame: `user` and `movie` of each pair, and `rating`: the rating, or 1 for an interaction and 0 for a
            sampled negative.
        implicit: whether chances are asked for.
    """

    frame: pd.DataFrame
    implicit: bool

    @classmethod
    def of(cls, past: pd.DataFrame, span: pd.DataFrame, negatives: int) -> "AskedPairs":
        """Returns the pairs of a span.

        Args:
            past: `user` and `movie` of the interactions before the span.
            span: `user`, `movie` and `rating` of the span.
            negatives: of implicit data, the number of items that the user has neither before nor in the span
                and that are drawn beside each interaction, as for evaluation; 0: the data are ratings.
        """
        if not negatives:
            return cls(span, False)
        every = pd.concat([past, span])
        (users, people), (movies, items) = (pd.factorize(every[name]) for name in ("user", "movie"))
        known = _rows(users, movies)
        drawn = Negatives.of(known, known, users.max() + 2, negatives)
        newest = known[np.arange(len(past), len(every))]
        labelled = drawn.with_negatives(
            newest[np.flatnonzero(~drawn.exhausted[newest.user])], np.random.default_rng(len(past))
        )
        frame = {
            "user": people.to_numpy()[labelled.user - 1],
            "movie": items.to_numpy()[labelled.movie - 1],
            "rating": labelled.rating,
        }
        return cls(pd.DataFrame(frame), True)

    @property
    def measures(self) -> tuple[str, ...]:
        """Returns the names of what `measure` computes."""
        return ("log_loss", "auc") if self.implicit else ("rmse",)

    @cached_property
    def _label(self) -> np.ndarray:
        return self.frame["rating"].to_numpy(np.float64)

    def measure(self, said: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
        """Returns `ratings`, the number of ratings or interactions, and the measures.

        Args:
            said: float64 [rows of `frame`], what a model says of each.
            rows: bool [rows of `frame`], those that count.
        """
        label, said = self._label[rows], said[rows]
        if not self.implicit:
            return {"ratings": len(label), "rmse": float(np.sqrt(((said - label) ** 2).mean()))}
        return {
            "ratings": int(label.sum()),
            "log_loss": float(log_losses(label, said).mean()),
            "auc": area_under_curve(label, said),
        }

    def mean_so_far(self, past: pd.DataFrame) -> np.ndarray:
        """Returns what is said without a model, float64 [rows of `frame`].

        Of ratings that is the mean so far; of chances what an item's popularity so far says: interactions
        are by popularity, and negatives are drawn by popularity to the power of 0.75.
        """
        if not self.implicit:
            return np.full(len(self.frame), past["rating"].mean())
        counts = past["movie"].value_counts()
        counted = self.frame["movie"].map(counts).fillna(0).to_numpy(np.float64)
        share = self._label.mean()
        odds = (counted + 1) ** (1 - POWER)
        odds *= share / (1 - share) / odds.mean()
        return odds / (1 + odds)


def _rows(users: np.ndarray, movies: np.ndarray) -> Ratings:
    ones, zeros = np.ones(len(users), np.float32), np.zeros(len(users), np.int64)
    return Ratings(1 + users.astype(np.int32), 1 + movies.astype(np.int32), ones, zeros)
