"""The held-out newest ratings, and the non-personalized baselines for them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from marquee.errors import TrainingError
from trainer.data.catalogue import Ragged
from trainer.data.rating_data import RatingData
from trainer.evaluation.held_out import HeldOut, positives_by_user
from trainer.evaluation.popularity import popular_lists
from trainer.evaluation.quality import judge
from trainer.evaluation.recommender_measures import K
from trainer.judging.split_by_time import SplitByTime

SHARE = 0.2  # of all ratings, the newest: as many as `eval` and `test` together have by default
DAYS = (7, 30, 90)  # how far back "popular just now" may look
DAY = 86_400
DAMPING = 10  # ratings at which a user's, or an item's, deviation from the mean counts half


@dataclass(frozen=True, eq=False)
class Question:
    """The older ratings, and the newer ones that the models are evaluated on.

    Attributes:
        split: of all ratings.
        known: what users of the older ratings went on to watch.
        new: what users watched who came later; None where nobody did.
        min_rating: the stars from which a rating is a positive, or None.
    """

    split: SplitByTime
    known: HeldOut
    new: HeldOut | None
    min_rating: float | None

    @classmethod
    def of(cls, data: RatingData, min_rating: float | None, share: float = SHARE) -> "Question | str":
        """Splits the ratings; returns the reason, a sentence, if there is nothing to evaluate.

        Args:
            data: all ratings.
            min_rating: the stars from which a rating is a positive, or None.
            share: the share of the ratings that are held out, the newest.
        """
        split = SplitByTime.of(data, share)
        rows = "interactions" if data.catalogue.description.implicit else "ratings"
        if split is None:
            return f"the {rows} have no times that differ"
        try:
            known = HeldOut.of(split.after, split.before.catalogue, min_rating)
        except TrainingError:
            return f"nobody of the oldest {1 - share:.0%} of the {rows} has any afterwards"
        return cls(split, known, _newcomers(split, min_rating), min_rating)

    @cached_property
    def by_days(self) -> dict[int, float | None]:
        """Returns NDCG@10 of the most rated items of the last days, on the newest part of the older ratings.

        So the choice by these values does not use the held-out ratings.
        """
        earlier = SplitByTime.of(self.split.before, SHARE)
        if earlier is None:
            return dict.fromkeys(DAYS)
        try:
            held_out = HeldOut.of(earlier.after, earlier.before.catalogue, self.min_rating)
        except TrainingError:
            return dict.fromkeys(DAYS)
        lists = {days: popular_lists(held_out, K, popularity=recent(earlier, days)) for days in DAYS}
        return {
            days: float(judge(each, held_out, ks=(K,)).by_user[f"ndcg@{K}"].mean())
            for days, each in lists.items()
        }

    @property
    def days(self) -> int:
        """Returns the best of DAYS by `by_days`, ties by the longest; the middle one without a result."""
        known = {days: value for days, value in self.by_days.items() if value is not None}
        return max(known, key=lambda days: (known[days], days)) if known else DAYS[1]

    def biases(self) -> np.ndarray:
        """Predicts each newer rating by the mean plus the user's and the item's deviation (bias) from it."""
        older, newer = self.split.before.train, self.split.after
        catalogue = self.split.before.catalogue
        mean = float(older.rating.mean())
        user, item = np.zeros(catalogue.users), np.zeros(catalogue.movies)
        for _ in range(10):
            item = _deviation(older.movie, older.rating - mean - user[older.user], catalogue.movies)
            user = _deviation(older.user, older.rating - mean - item[older.movie], catalogue.users)
        return mean + user[newer.user] + item[newer.movie]


def recent(split: SplitByTime, days: int) -> np.ndarray:
    """Returns each item's popularity by its ratings in the last days before the split's moment, [movies].

    Ties are ordered by the ratings of all time.
    """
    older = split.before.train
    size = split.before.catalogue.movies
    ever = np.bincount(older.movie, minlength=size)
    late = np.bincount(older.movie[older.timestamp >= split.moment - days * DAY], minlength=size)
    return late * (int(ever.max()) + 1) + ever


def _deviation(ids: np.ndarray, residual: np.ndarray, size: int) -> np.ndarray:
    """Returns damped means by id; 0 for the unknown one."""
    means = np.bincount(ids, residual, size) / (np.bincount(ids, minlength=size) + DAMPING)
    means[0] = 0.0
    return means


def _newcomers(split: SplitByTime, min_rating: float | None) -> HeldOut | None:
    """Returns the held-out films of users whom the older ratings do not know; each is the unknown user.

    In its catalogue users are newcomers, by number, and none of them has watched anything.
    """
    theirs = split.newcomers > 0
    count = int(split.newcomers.max(initial=0))
    ratings = replace(split.after, user=split.newcomers)[theirs]
    positives = positives_by_user(ratings, count + 1, min_rating)
    users = np.flatnonzero(positives.lengths).astype(np.int32)
    if not len(users):
        return None
    nothing = Ragged(np.empty(0, np.int32), np.zeros(count + 2, np.int64))
    return HeldOut(replace(split.before.catalogue, watched=nothing), positives, users, 0)
