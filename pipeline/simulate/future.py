"""Evaluation of served models on the next span of a simulation.

Evaluating on new data before learning from it is called prequential (Gama, Sebastião and Rodrigues, "On
evaluating stream learning algorithms", Machine Learning 90, 2013). All users of the span count, including
cold-start users, because a server has to answer them too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.simulate.asked_pairs import AskedPairs

K = 10
ASKED = 100  # length of the requested lists; the recommender rates as many films in any case
BLOCK = 4096
LISTS = (f"ndcg@{K}", f"recall@{K}")
#: Groups of users: all; those who rated something in an earlier span; those who are new in this one.
GROUPS = ("all", "known", "new")


@dataclass(frozen=True, eq=False)
class Future:
    """A span and the ratings before it: frames of `user`, `movie`, `rating` and `timestamp`.

    Attributes:
        past: what came before.
        span: the span.
        negatives: of implicit data, the number of sampled negatives beside each interaction; 0: ratings.
    """

    past: pd.DataFrame
    span: pd.DataFrame
    negatives: int = 0

    @cached_property
    def pairs(self) -> AskedPairs:
        """The pairs that ranking models are asked about."""
        return AskedPairs.of(self.past, self.span, self.negatives)

    @cached_property
    def users(self) -> list[str]:
        """Users of the span, in the order of their first rating in it."""
        return list(dict.fromkeys(self.span["user"]))

    @cached_property
    def wanted(self) -> dict[str, set[str]]:
        """Movies that each of the users rated in the span for the first time."""
        found = self.span.groupby("user")["movie"]
        return {user: set(movies) - self.seen.get(user, set()) for user, movies in found}

    @cached_property
    def known(self) -> np.ndarray:
        """Mask of users who rated something before: bool[users]."""
        return np.isin(self.users, self.past["user"].unique())

    @cached_property
    def seen(self) -> dict[str, set[str]]:
        """Movies that users rated before the span."""
        return {user: set(movies) for user, movies in self.past.groupby("user")["movie"]}

    def unseen(self, user: str, films: Iterable[str]) -> list[str]:
        """Returns the first K of `films` that the user did not rate before."""
        seen = self.seen.get(user, set())
        return list(islice((film for film in films if film and film not in seen), K))

    def measure(self, rated: np.ndarray, lists: list[list[str]]) -> dict[str, dict[str, Any] | None]:
        """Returns `users`, the measures of `pairs` and LISTS by group (GROUPS); None for one without users.

        Args:
            rated: float64 [rows of `pairs`], the predicted rating, or chance, of each.
            lists: list of movies for each of `users`, best first.

        `rmse` is over ratings, `log_loss` and `auc` over interactions and sampled negatives; LISTS are means
        over users. A movie is relevant if the user rated it in the span, with any number of stars, and not
        before. The ideal of nDCG has all of a user's movies, at most K, on top; recall is of all of them.
        Users with no relevant movie have neither.
        """
        gains = np.array(
            [_found(films, self.wanted[user]) for user, films in zip(self.users, lists, strict=True)]
        )
        of_known = np.isin(self.pairs.frame["user"], np.array(self.users)[self.known])
        masks = {
            "all": (np.ones(len(of_known), bool), np.ones(len(gains), bool)),
            "known": (of_known, self.known),
            "new": (~of_known, ~self.known),
        }
        return {
            group: {"users": int(users.sum()), **self.pairs.measure(rated, rows), **_means(gains[users])}
            if rows.any()
            else None
            for group, (rows, users) in masks.items()
        }

    def ask(self, ranking: Path, recommender: Path) -> dict[str, dict[str, Any] | None]:
        """Returns `measure` of two SavedModels' answers: `rate_ids`, and `recommend` without seen movies.

        A model itself excludes what is in its own `train`; movies of `eval` and `test` are excluded here.
        """
        from trainer.export.saved_model import SavedModel

        rated, lists = [], []
        with SavedModel(str(ranking)) as model:
            for rows in _blocks(len(self.pairs.frame)):
                asked = self.pairs.frame.iloc[rows]
                answer = model.ask(
                    "rate_ids", user_id=asked["user"].tolist(), movie_id=asked["movie"].tolist()
                )
                rated.append(answer["user_rating"])
        with SavedModel(str(recommender)) as model:
            for rows in _blocks(len(self.users), 256):
                users = self.users[rows]
                films = model.ask("recommend", user_id=users, k=ASKED, exclude_seen=True)["movie_id"]
                lists += [
                    self.unseen(user, map(bytes.decode, row)) for user, row in zip(users, films, strict=True)
                ]
        return self.measure(np.concatenate(rated).astype(np.float64), lists)

    def without_a_model(self) -> dict[str, dict[str, Any] | None]:
        """Returns `measure` of two baselines: `AskedPairs.mean_so_far` and the most rated movies so far."""
        counts = self.past["movie"].value_counts(sort=False).sort_index()
        popular = list(counts.sort_values(ascending=False, kind="stable").index)
        lists = [self.unseen(user, popular) for user in self.users]
        return self.measure(self.pairs.mean_so_far(self.past), lists)


def _found(films: list[str], wanted: set[str]) -> tuple[float, float]:
    """Returns nDCG and recall at K of one list; NaN if nothing is to be found."""
    if not wanted:
        return float("nan"), float("nan")
    hits = np.array([film in wanted for film in films[:K]], float)
    discounts = 1 / np.log2(np.arange(2, K + 2))
    ideal = discounts[: min(K, len(wanted))].sum()
    return float((hits * discounts[: len(hits)]).sum() / ideal), float(hits.sum() / len(wanted))


def _means(gains: np.ndarray) -> dict[str, float | None]:
    """Returns the means of LISTS; None where nobody had anything to find."""
    there = gains[~np.isnan(gains[:, 0])]
    found = there.mean(axis=0) if len(there) else (None, None)
    return {name: None if each is None else float(each) for name, each in zip(LISTS, found, strict=True)}


def _blocks(size: int, block: int = BLOCK) -> Iterator[slice]:
    return (slice(start, start + block) for start in range(0, size, block))
