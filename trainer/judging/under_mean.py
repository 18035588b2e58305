"""How often people are shown what they like less than usual, told by what they rated afterwards."""

from dataclasses import dataclass

import numpy as np

from trainer.data.ratings import Ratings, pair_keys


@dataclass(frozen=True, eq=False)
class UnderMean:
    """The share of recommended items that their user rated lower than that user's mean in train.

    Only items that the user rated in the held-out split count: of the others nobody knows. The share is of
    all such slots together, not a mean of users' shares, most of which would be of one or two slots. Its
    standard error takes users as what was drawn: that of the linearized ratio (Cochran, "Sampling
    Techniques", 3rd ed., 1977, section 6.3).

    Attributes:
        rated: int64 [U], how many of a user's slots hold an item that the user rated in the split.
        under: int64 [U], how many of those were rated lower than the user's mean in train.
    """

    rated: np.ndarray
    under: np.ndarray

    @property
    def share(self) -> float:
        """0 to 1; NaN where no slot holds a rated item."""
        return float(self.under.sum() / self.rated.sum()) if self.rated.any() else float("nan")

    def standard_error(self) -> float:
        """Of the share; NaN for a single user."""
        return _standard_error(self._influence())

    def change(self, before: "UnderMean") -> dict[str, float]:
        """The difference of two shares of the same users (`mean`), and its `standard_error`."""
        return {
            "mean": self.share - before.share,
            "standard_error": _standard_error(self._influence() - before._influence()),
        }

    def _influence(self) -> np.ndarray:
        """What each user adds to the share, float64 [U]; NaN where there is no share."""
        mean = self.rated.mean() if len(self.rated) else 0.0
        return (self.under - self.share * self.rated) / mean if mean else np.full(len(self.rated), np.nan)


class Liked:
    """Knows which held-out ratings are lower than their user's mean rating in train.

    Args:
        train: the ratings that the means are of.
        held_out: the ratings that lists are judged by; of an item rated twice the last rating counts.
        users: the number of user rows, the OOV row among them.
    """

    def __init__(self, train: Ratings, held_out: Ratings, users: int):
        counts = np.bincount(train.user, minlength=users)
        sums = np.bincount(train.user, weights=train.rating, minlength=users)
        means = sums / np.maximum(counts, 1)
        known = (held_out.user > 0) & (held_out.movie > 0) & (counts[held_out.user] > 0)
        rows = held_out[known]
        keys = pair_keys(rows.user, rows.movie)
        self._keys, last = np.unique(keys[::-1], return_index=True)
        # A mean of equal ratings is off by rounding: a rating that equals it is not lower.
        lower = rows.rating < means[rows.user] - 1e-6
        self._lower = lower[::-1][last]

    @property
    def chosen(self) -> float:
        """The share of all these ratings that are lower: what users come to without a recommender."""
        return float(self._lower.mean()) if len(self._lower) else float("nan")

    def of(self, lists: np.ndarray, users: np.ndarray) -> UnderMean:
        """Counts the slots of lists.

        Args:
            lists: int32 [U, K], item ids, -1 for none.
            users: int32 [U], whose list each is.
        """
        keys = pair_keys(np.broadcast_to(users[:, None], lists.shape), lists)
        places = np.minimum(np.searchsorted(self._keys, keys), max(len(self._keys) - 1, 0))
        found = (lists > 0) & (self._keys[places] == keys) if len(self._keys) else np.zeros(lists.shape, bool)
        lower = found & self._lower[places] if len(self._keys) else found
        return UnderMean(found.sum(axis=1), lower.sum(axis=1))


def _standard_error(influence: np.ndarray) -> float:
    return float(influence.std(ddof=1) / np.sqrt(len(influence))) if len(influence) > 1 else float("nan")
