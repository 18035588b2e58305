"""How good a retrieval model's lists are, whole and by group of users: one product and one sort a user."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from trainer.activity import ACTIVITIES, activity
from trainer.attributes import AGE_GROUPS
from trainer.catalogue import Catalogue, Ragged
from trainer.errors import TrainingError
from trainer.metrics import (
    catalogue_coverage,
    gini,
    list_metrics,
    mean_popularity,
    novelty,
    ranked_lists,
)
from trainer.metrics.top_k import BLOCK
from trainer.ratings import Ratings
from trainer.retrieval.held_out_users import HeldOutUsers
from trainer.retrieval.measures import KS, QUALITY_MEASURES
from trainer.retrieval.training import not_in_train, positives_by_user

LONGEST = max(KS)
CHUNK = 16384  # users whose hits are counted at once: a hundred k of six metrics are 79 MB

Scores = Callable[[np.ndarray], np.ndarray]  # int32 [B] user rows to float32 [B, M]


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
            raise TrainingError(
                f"The split of {len(ratings)} ratings holds no positive of a user whom train knows: "
                "there is nothing to judge by.",
                "Check the split, and min_rating.",
            )
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


@dataclass(frozen=True, eq=False)
class Quality:
    """What the lists of a held-out split's users are worth.

    Attributes:
        held_out: the question.
        lists: int32 [U, K], best first, -1 for no film.
        by_user: float64 [U] by name, as `list_metrics` gives them.
        recall_curve: float64 [K], the mean recall at k = 1, 2, 3 …
    """

    held_out: HeldOut
    lists: np.ndarray
    by_user: dict[str, np.ndarray]
    recall_curve: np.ndarray

    def means(self) -> dict[str, float]:
        """Those of QUALITY_MEASURES whose k were counted; NaN where no film is listed."""
        popularity, items = self.held_out.popularity, self.held_out.catalogue.movies - 1
        found = {name: float(values.mean()) for name, values in self.by_user.items()}
        for k in {int(name.split("@")[1]) for name in self.by_user}:
            found |= {
                f"coverage@{k}": catalogue_coverage(self.lists, k, items),
                f"novelty@{k}": novelty(self.lists, k, popularity, self.held_out.population),
                f"mean_popularity@{k}": mean_popularity(self.lists, k, popularity),
                f"gini@{k}": gini(self.lists, k, items),
            }
        return {name: found[name] for name in QUALITY_MEASURES if name in found}

    def standard_errors(self) -> dict[str, float]:
        """Of the means over users; NaN for a single user."""
        return {name: _standard_error(values) for name, values in self.by_user.items()}

    def change(self, before: "Quality") -> dict[str, dict[str, float]]:
        """The mean change of each user's metrics, and its standard error: the same users, so paired."""
        differences = {name: values - before.by_user[name] for name, values in self.by_user.items()}
        return {
            name: {"mean": float(values.mean()), "standard_error": _standard_error(values)}
            for name, values in differences.items()
        }

    def within(self, places: np.ndarray) -> dict[str, float]:
        """The means over some of the users."""
        return {name: float(values[places].mean()) for name, values in self.by_user.items()}

    def exposure(self, k: int = 10, groups: int = 10) -> list[float]:
        """The share of the first k of all lists that falls to each tenth of the catalogue, rarest first."""
        shown = self.lists[:, :k]
        counts = np.bincount(shown[shown > 0], minlength=self.held_out.catalogue.movies)[1:]
        rarest_first = np.argsort(self.held_out.popularity[1:], kind="stable")
        parts = [int(part.sum()) for part in np.array_split(counts[rarest_first], groups)]
        return [part / max(sum(parts), 1) for part in parts]


def measure(scores: Scores, held_out: HeldOut, block: int = BLOCK) -> Quality:
    """Ranks the catalogue for every user, what they watched in train left out, and counts.

    Args:
        scores: int32 [B] user rows to float32 [B, movies]; -inf for what is no candidate.
        held_out: whom to ask for, and what is right.
        block: how many users are scored at once.

    Raises:
        TrainingError: a score is NaN.
    """
    watched = held_out.catalogue.watched
    return judge(ranked_lists(scores, held_out.users, LONGEST, watched, block), held_out)


def judge(lists: np.ndarray, held_out: HeldOut, ks: Sequence[int] = KS) -> Quality:
    """What lists are worth, whoever made them.

    Args:
        lists: int32 [U, K] in the order of `held_out.users`: film ids, best first, -1 for none.
        held_out: what is right.
        ks: how many of a list count.
    """
    watched, every = held_out.catalogue.watched, range(1, max(ks) + 1)
    parts = [
        list_metrics(lists[chunk], held_out.users[chunk], held_out.positives, watched, every)
        for chunk in (slice(start, start + CHUNK) for start in range(0, len(lists), CHUNK))
    ]
    curve = [np.mean(np.concatenate([part[f"recall@{k}"] for part in parts])) for k in every]
    kept = [name for name in parts[0] if int(name.split("@")[1]) in ks]
    by_user = {name: np.concatenate([part[name] for part in parts]) for name in kept}
    return Quality(held_out, lists, by_user, np.array(curve))


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
