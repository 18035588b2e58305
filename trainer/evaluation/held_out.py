"""Held-out films of users, which early stopping, evaluation and the report compare lists with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from marquee.errors import TrainingError
from trainer.data.activity import ACTIVITIES, activity
from trainer.data.catalogue import Catalogue, Ragged
from trainer.data.description import MOST_SLICES
from trainer.data.pairs.pair_hash import id_hashes
from trainer.data.ratings import Ratings, pair_keys
from trainer.data.tables.table import OneOf
from trainer.evaluation.held_out_users import HeldOutUsers
from trainer.evaluation.metrics.top_k import entries


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The held-out films of a split's users, on which a model's lists are evaluated.

    Attributes:
        catalogue: the catalogue of `train`; a film that a user watched there is not a candidate.
        positives: the held-out films by user row; 0 for a film that train does not know.
        users: int32 [U], the known users with a positive, ascending.
        strangers: the number of positives of users whom train does not know; they are left out.
        left_out: the number of users that `sampled` left out of `users`.
        brought: the cold-start users of a `user_holdout` split, represented by their histories, which
            `catalogue.watched` then holds; None if train knows the users.
    """

    catalogue: Catalogue
    positives: Ragged
    users: np.ndarray
    strangers: int
    brought: HeldOutUsers | None = None
    left_out: int = 0

    @classmethod
    def of_split(
        cls,
        ratings: Ratings,
        files: Sequence[str],
        catalogue: Catalogue,
        min_rating: float | None = None,
        at_most: int | None = None,
    ) -> "HeldOut":
        """Takes the split's known users; if there are none, all users, with first ratings as histories.

        Args:
            ratings: the ratings of the split.
            files: the files of the split, which are read again if its users are unknown.
            catalogue: the catalogue of train.
            min_rating: the stars from which on a rating is a positive; None: every rating is.
            at_most: the largest number of users, as `sampled` takes it.

        Raises:
            TrainingError: there are no positives.
        """
        users = None if ratings.user.any() or not files else HeldOutUsers.read(files, catalogue)
        if users is None:
            return cls.of(ratings, catalogue, min_rating).sampled(at_most)
        found = cls.of(users.rest, users.catalogue, min_rating).sampled(at_most)
        return replace(found, brought=users)

    @classmethod
    def of(cls, ratings: Ratings, catalogue: Catalogue, min_rating: float | None = None) -> "HeldOut":
        """Takes the ratings of at least `min_rating` stars as positives.

        Raises:
            TrainingError: there are no positives.
        """
        fresh = not_in_train(ratings, catalogue)
        positives = positives_by_user(fresh, catalogue.users, min_rating)
        users = np.flatnonzero(positives.lengths).astype(np.int32)
        if not len(users):
            raise _nothing_to_find(positives_by_user(ratings, catalogue.users, min_rating), len(ratings))
        enough = np.ones(len(fresh), bool) if min_rating is None else fresh.rating >= min_rating
        return cls(catalogue, positives, users, int((enough & (fresh.user == 0)).sum()))

    def sampled(self, at_most: int | None) -> "HeldOut":
        """Returns a sample of the users that does not change with the data, by a hash of each user's id.

        Args:
            at_most: the largest number of users; None, or at least as many as there are: all of them.
        """
        if at_most is None or len(self.users) <= at_most:
            return self
        names = self.catalogue.vocabularies.user_id
        hashes = id_hashes(names[row - 1] for row in self.users)
        kept = np.sort(self.users[np.argsort(hashes, kind="stable")[:at_most]])
        lengths = np.zeros(len(self.positives), np.int64)
        lengths[kept] = self.positives.lengths[kept]
        splits = np.concatenate([[0], np.cumsum(lengths)])
        positives = Ragged(self.positives.of(kept).values, splits)
        return replace(self, positives=positives, users=kept, left_out=len(self.users) - at_most)

    @property
    def met(self) -> bool:
        """Tells whether train knows the users."""
        return self.brought is None

    @property
    def population(self) -> int:
        """Returns the number of users whom train knows."""
        return self.brought.known if self.brought else self.catalogue.users - 1

    @cached_property
    def popularity(self) -> np.ndarray:
        """Returns the number of train's ratings of each film, int64 [movies]."""
        return self.catalogue.watchers.lengths

    def chosen_popularity(self) -> float:
        """Returns the mean popularity of the known positives, as chosen by users without a recommender."""
        known = self.positives.values[self.positives.values > 0]
        return float(self.popularity[known].mean()) if len(known) else float("nan")

    def groups(self) -> dict[str, dict[str, np.ndarray]]:
        """Returns indices into `users` by feature and value; features without data are left out."""
        features = {
            "activity": (activity(self.catalogue), ACTIVITIES),
            **user_groups(self.catalogue),
        }
        found = {}
        for feature, (table, values) in features.items():
            if table.any():
                mine = table[self.users]
                places = {value: np.flatnonzero(mine == place) for place, value in enumerate(values)}
                found[feature] = {value: rows for value, rows in places.items() if len(rows)}
        return found


def user_groups(catalogue: Catalogue) -> dict[str, tuple[np.ndarray, tuple[str, ...]]]:
    """Returns each user's place among the values of each feature that evaluation slices by, and the values.

    Categories come first, then numbers with labels, as `<key>_group`; the place 0 is `unknown`.
    """
    description, found = catalogue.description, {}
    for key in (*description.sliced("user", "category"), *description.sliced("user", "number")):
        table = catalogue.table(key)
        assert isinstance(table, OneOf)
        if len(table.keys) <= 1 + MOST_SLICES:
            found[description.slice_of(key)] = (table.ids, ("unknown", *table.keys[1:]))
    return found


def not_in_train(ratings: Ratings, catalogue: Catalogue) -> Ratings:
    """Returns the ratings whose user has not rated the film in train: only those can be recommended."""
    users, films = entries(catalogue.watched, np.arange(catalogue.users))
    return ratings[~np.isin(pair_keys(ratings.user, ratings.movie), pair_keys(users, films))]


def positives_by_user(ratings: Ratings, users: int, min_rating: float | None = None) -> Ragged:
    """Returns the films that each of the `users` user rows rated with at least `min_rating` stars."""
    counts = ratings.user > 0
    if min_rating is not None:
        counts &= ratings.rating >= min_rating
    user, movie = ratings.user[counts], ratings.movie[counts]
    order = np.argsort(user, kind="stable")
    splits = np.concatenate([[0], np.cumsum(np.bincount(user, minlength=users))])
    return Ragged(movie[order], splits)


def _nothing_to_find(positives: Ragged, ratings: int) -> TrainingError:
    """Returns the error for missing positives: train holds all of them, or knows none of the users."""
    if positives.lengths.any():
        return TrainingError(
            f"All {len(positives.values):,} positives of the split are items that the same user has in "
            "train as well: nothing is left to recommend, so there is nothing to judge by.",
            "Give every rating of a user and an item once, or part them with another data.split.",
        )
    return TrainingError(
        f"The split of {ratings:,} ratings holds no positive of a user whom train knows: there is nothing to "
        "judge by.",
        "Check the split, and model.min_rating.",
    )
