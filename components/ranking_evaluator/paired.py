"""Paired comparison of candidate and baseline on the same ratings: standard errors of the difference.

Ratings of one user are alike, so the noise is that over users and not over rows. Each measure is a function
of sums over users; its standard error is the delta method's for a sample of users (a ratio estimator,
clustered by user), taken of the difference of both models at once: what makes a user hard for both cancels.
"""

from dataclasses import dataclass

import numpy as np

from trainer.evaluation.metrics.chances import log_losses, right_order

K = 10  # the cutoff of NDCG


@dataclass(frozen=True, eq=False)
class Paired:
    """Both models' predictions, with one row per rating of `eval`.

    Attributes:
        user: the number of each row's user, from 0.
        pairs: the hash of user and film (`trainer.data.pairs.pair_hash`), uint64.
        stars: the rating, float64.
        candidate, baseline: each model's predictions, float64.
    """

    user: np.ndarray
    pairs: np.ndarray
    stars: np.ndarray
    candidate: np.ndarray
    baseline: np.ndarray

    def standard_errors(self, chances: bool = False) -> dict[str, float]:
        """Returns the standard errors of candidate minus baseline by metric; NaN for a single user.

        Args:
            chances: whether predictions are chances of the labels 1 and 0, and not ratings.
        """
        own = (
            {"log_loss": self._log_loss, "auc": self._auc}
            if chances
            else {"rmse": self._rmse, "mae": self._mae}
        )
        return {
            **{
                name: _standard_error(influence(self.candidate) - influence(self.baseline))
                for name, influence in own.items()
            },
            "calibration": _standard_error(
                self._calibration(self.candidate) - self._calibration(self.baseline)
            ),
            f"rated_ndcg@{K}": _standard_error(
                _influence_of_mean(
                    ndcg(self.user, self.stars, self.candidate) - ndcg(self.user, self.stars, self.baseline)
                )
            ),
        }

    def _rmse(self, predicted: np.ndarray) -> np.ndarray:
        """Returns each user's influence on sqrt(sum of squares / rows): d sqrt(m) = dm / (2 sqrt(m))."""
        squares = self._ratio((predicted - self.stars) ** 2, np.ones_like(self.stars))
        root = np.sqrt(np.mean((predicted - self.stars) ** 2))
        return squares / (2 * root) if root else np.zeros_like(squares)

    def _mae(self, predicted: np.ndarray) -> np.ndarray:
        return self._ratio(np.abs(predicted - self.stars), np.ones_like(self.stars))

    def _log_loss(self, predicted: np.ndarray) -> np.ndarray:
        return self._ratio(log_losses(self.stars, predicted), np.ones_like(self.stars))

    def _auc(self, predicted: np.ndarray) -> np.ndarray:
        """Returns each user's influence on the share of (interaction, negative) pairs in the right order.

        It is the sum of the structural components of the user's rows, less the mean (DeLong, DeLong and
        Clarke-Pearson, "Comparing the Areas Under Two or More Correlated ROC Curves", 1988; by user as in
        Obuchowski, "Nonparametric Analysis of Clustered ROC Curve Data", 1997).
        """
        right, positive = right_order(self.stars, predicted), self.stars > 0
        users = int(self.user.max()) + 1
        if not positive.any() or positive.all():
            return np.full(users, np.nan)
        found = np.zeros(users)
        for rows in (positive, ~positive):
            share = (right[rows] - right[rows].mean()) / rows.sum()
            found += np.bincount(self.user[rows], weights=share, minlength=users)
        return found

    def _calibration(self, predicted: np.ndarray) -> np.ndarray:
        return self._ratio(predicted, self.stars)

    def _ratio(self, above: np.ndarray, below: np.ndarray) -> np.ndarray:
        """Returns each user's first-order influence on sum(above) / sum(below): float64 [users], sum 0."""
        above, below = (np.bincount(self.user, weights=column) for column in (above, below))
        whole = below.sum()
        return (above - below * above.sum() / whole) / whole if whole else np.full(len(above), np.nan)


def ndcg(user: np.ndarray, stars: np.ndarray, predicted: np.ndarray, k: int = K) -> np.ndarray:
    """Returns each user's NDCG among the rated films, gain = stars, float64 [users]; 0 if all gains are 0."""
    found, best = (_discounted(user, stars, by, k) for by in (predicted, stars))
    return np.divide(found, best, out=np.zeros_like(found), where=best > 0)


def _discounted(user: np.ndarray, stars: np.ndarray, by: np.ndarray, k: int) -> np.ndarray:
    order = np.lexsort((-by, user))
    sizes = np.bincount(user)
    rank = np.arange(len(user)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    top = rank < k
    gains = stars[order][top] / np.log2(rank[top] + 2)
    return np.bincount(user[order][top], weights=gains, minlength=len(sizes))


def _influence_of_mean(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / len(values)


def _standard_error(influence: np.ndarray) -> float:
    """Returns the standard error of a metric from the users' influences."""
    users = len(influence)
    return float(np.sqrt(users / (users - 1) * np.sum(influence**2))) if users > 1 else float("nan")
