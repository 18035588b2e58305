"""The share of recommended items that users later rated below their own mean rating."""

from dataclasses import dataclass

import numpy as np

from trainer.data.ratings import Ratings, pair_keys


@dataclass(frozen=True, eq=False)
class UnderMean:
    """The share of recommended items that their user rated lower than that user's mean in train.

    Only items that the user rated in the held-out split count; the ratings of others are unknown. The share
    is over all such items together, not a mean of the users' shares, most of which would be over one or two
    items. Its standard error treats users as the sampling units: it is that of the linearized ratio (Cochran,
    "Sampling Techniques", 3rd ed., 1977, section 6.3).

    Attributes:
        rated: int64 [U], the number of a user's recommended items that the user rated in the split.
        under: int64 [U], the number of those that were rated lower than the user's mean in train.
    """

    rated: np.ndarray
    under: np.ndarray

    @property
    def share(self) -> float:
        """Returns the share, 0 to 1; NaN if no recommended item was rated."""
        return float(self.under.sum() / self.rated.sum()) if self.rated.any() else float("nan")

    def standard_error(self) -> float:
        """Returns the standard error of the share; NaN for a single user."""
        return _standard_error(self._influence())

    def change(self, before: "UnderMean") -> dict[str, float]:
        """Returns the difference of two shares of the same users (`mean`) and its `standard_error`."""
        return {
            "mean": self.share - before.share,
            "standard_error": _standard_error(self._influence() - before._influence()),
        }

    def _influence(self) -> np.ndarray:
        """Returns each user's influence on the share, float64 [U]; NaN if there is no share."""
        mean = self.rated.mean() if len(self.rated) else 0.0
        return (self.under - self.share * self.rated) / mean if mean else np.full(len(self.rated), np.nan)


class Liked:
    """The held-out ratings, compared with their user's mean rating in train.

    Args:
        train: the ratings that the means are computed from.
        held_out: the held-out ratings; if a user rated an item twice, the last rating counts.
        users: the number of user rows, including the OOV row.
    """

    def __init__(self, train: Ratings, held_out: Ratings, users: int):
        counts = np.bincount(train.user, minlength=users)
        sums = np.bincount(train.user, weights=train.rating, minlength=users)
        means = sums / np.maximum(counts, 1)
        known = (held_out.user > 0) & (held_out.movie > 0) & (counts[held_out.user] > 0)
        rows = held_out[known]
        keys = pair_keys(rows.user, rows.movie)
        self._keys, last = np.unique(keys[::-1], return_index=True)
        # The mean of equal ratings has a rounding error: a rating that equals it is not lower.
        lower = rows.rating < means[rows.user] - 1e-6
        self._lower = lower[::-1][last]

    @property
    def chosen(self) -> float:
        """Returns the share of all held-out ratings below the mean: the value without a recommender."""
        return float(self._lower.mean()) if len(self._lower) else float("nan")

    def of(self, lists: np.ndarray, users: np.ndarray) -> UnderMean:
        """Counts the recommended items that were rated, and those below the mean.

        Args:
            lists: int32 [U, K], item ids, -1 for none.
            users: int32 [U], the user row of each list.
        """
        keys = pair_keys(np.broadcast_to(users[:, None], lists.shape), lists)
        places = np.minimum(np.searchsorted(self._keys, keys), max(len(self._keys) - 1, 0))
        found = (lists > 0) & (self._keys[places] == keys) if len(self._keys) else np.zeros(lists.shape, bool)
        lower = found & self._lower[places] if len(self._keys) else found
        return UnderMean(found.sum(axis=1), lower.sum(axis=1))


def _standard_error(influence: np.ndarray) -> float:
    return float(influence.std(ddof=1) / np.sqrt(len(influence))) if len(influence) > 1 else float("nan")
