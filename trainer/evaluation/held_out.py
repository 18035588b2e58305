"""What users went on to watch after `train`: what lists are stopped early, judged and reported by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from marquee.errors import TrainingError
from trainer.data.activity import ACTIVITIES, activity
from trainer.data.attributes import AGE_GROUPS
from trainer.data.catalogue import Catalogue, Ragged
from trainer.data.ratings import Ratings, pair_keys
from trainer.evaluation.held_out_users import HeldOutUsers
from trainer.evaluation.metrics.top_k import entries


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What users went on to watch after `train`: the question that a model's lists answer.

    Attributes:
        catalogue: of `train`; what a user watched there is no candidate.
        positives: the films that are right, by user row; 0 for one that train does not know.
        users: int32 [U], those whom train knows and who have a positive, rising.
        strangers: how many positives are of users whom train does not know; they are left out.
        brought: whom train does not know (`user_holdout`), by what they have watched alone, which is then
            what `catalogue.watched` holds of them; None where train knows the users.
    """

    catalogue: Catalogue
    positives: Ragged
    users: np.ndarray
    strangers: int
    brought: HeldOutUsers | None = None

    @classmethod
    def of_split(
        cls,
        ratings: Ratings,
        files: Sequence[str],
        catalogue: Catalogue,
        min_rating: float | None = None,
    ) -> "HeldOut":
        """Of the users whom train knows; where it knows none, of all, by their first ratings (`brought`).

        Args:
            ratings: the split's.
            files: the split's, which are read again where their users are unknown.
            catalogue: of train.
            min_rating: stars from which a rating is a positive, or None.

        Raises:
            TrainingError: there is nothing to be found.
        """
        users = None if ratings.user.any() or not files else HeldOutUsers.read(files, catalogue)
        if users is None:
            return cls.of(ratings, catalogue, min_rating)
        return replace(cls.of(users.rest, users.catalogue, min_rating), brought=users)

    @classmethod
    def of(cls, ratings: Ratings, catalogue: Catalogue, min_rating: float | None = None) -> "HeldOut":
        """Takes the ratings of at least `min_rating` stars as positives.

        Raises:
            TrainingError: there is nothing to be found.
        """
        fresh = not_in_train(ratings, catalogue)
        positives = positives_by_user(fresh, catalogue.users, min_rating)
        users = np.flatnonzero(positives.lengths).astype(np.int32)
        if not len(users):
            raise _nothing_to_find(positives_by_user(ratings, catalogue.users, min_rating), len(ratings))
        enough = np.ones(len(fresh), bool) if min_rating is None else fresh.rating >= min_rating
        return cls(catalogue, positives, users, int((enough & (fresh.user == 0)).sum()))

    @property
    def met(self) -> bool:
        """Whether train knows the users."""
        return self.brought is None

    @property
    def population(self) -> int:
        """How many users train knows."""
        return self.brought.known if self.brought else self.catalogue.users - 1

    @cached_property
    def popularity(self) -> np.ndarray:
        """How many ratings of train each film has, int64 [movies]."""
        return self.catalogue.watchers.lengths

    def chosen_popularity(self) -> float:
        """The mean number of train's ratings of the positives that train knows: what people choose alone."""
        known = self.positives.values[self.positives.values > 0]
        return float(self.popularity[known].mean()) if len(known) else float("nan")

    def groups(self) -> dict[str, dict[str, np.ndarray]]:
        """Feature to value to the places in `users`; features that the data set lacks are left out."""
        catalogue, attributes = self.catalogue, self.catalogue.attributes
        features = {
            "activity": (activity(catalogue), ACTIVITIES),
            "gender": (attributes.gender, ("unknown", *catalogue.vocabularies.user_gender)),
            "age_group": (attributes.age, ("unknown", *AGE_GROUPS)),
        }
        found = {}
        for feature, (table, values) in features.items():
            if table.any():
                mine = table[self.users]
                places = {value: np.flatnonzero(mine == place) for place, value in enumerate(values)}
                found[feature] = {value: rows for value, rows in places.items() if len(rows)}
        return found


def not_in_train(ratings: Ratings, catalogue: Catalogue) -> Ratings:
    """Those whose user has not rated their film in train: what can still be recommended to them."""
    users, films = entries(catalogue.watched, np.arange(catalogue.users))
    return ratings[~np.isin(pair_keys(ratings.user, ratings.movie), pair_keys(users, films))]


def positives_by_user(ratings: Ratings, users: int, min_rating: float | None = None) -> Ragged:
    """The films that each of `users` known users rated, with at least `min_rating` stars."""
    counts = ratings.user > 0
    if min_rating is not None:
        counts &= ratings.rating >= min_rating
    user, movie = ratings.user[counts], ratings.movie[counts]
    order = np.argsort(user, kind="stable")
    splits = np.concatenate([[0], np.cumsum(np.bincount(user, minlength=users))])
    return Ragged(movie[order], splits)


def _nothing_to_find(positives: Ragged, ratings: int) -> TrainingError:
    """Why nothing can be found: train holds all positives as well, or knows the user of none."""
    if positives.lengths.any():
        return TrainingError(
            f"All {len(positives.values):,} positives of the split are films that the same user rated in "
            "train as well: nothing is left to recommend, so there is nothing to judge by.",
            "Give every rating of a user and a film once, or part them with another data.split.",
        )
    return TrainingError(
        f"The split of {ratings:,} ratings holds no positive of a user whom train knows: there is nothing to "
        "judge by.",
        "Check the split, and model.min_rating.",
    )
