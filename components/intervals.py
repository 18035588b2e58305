"""95 % confidence intervals with users, not ratings, as the sampling units.

Ratings of one user are correlated, so an interval over rows would be too narrow.
"""

from dataclasses import dataclass

import numpy as np

Z = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval; the interval is None if there is only one user."""

    value: float
    low: float | None
    high: float | None


def mean_interval(by_user: np.ndarray) -> Interval:
    """Returns the interval of the mean over users, with equal weights; `by_user`: float64 [U], U ≥ 1."""
    value = float(by_user.mean())
    if len(by_user) < 2:
        return Interval(value, None, None)
    reach = Z * float(by_user.std(ddof=1)) / np.sqrt(len(by_user))
    return Interval(value, value - reach, value + reach)


def mean_over_rows_interval(values: np.ndarray, user: np.ndarray) -> Interval:
    """Returns the interval of the mean over rows, clustered by user (linearized ratio of two user sums).

    With the difference of two models' squared errors as `values`, it shows whether one of them is better.

    Args:
        values: float64 [N].
        user: [N], the user of each row.
    """
    _, place = np.unique(user, return_inverse=True)
    sums, rows = np.bincount(place, values), np.bincount(place)
    value, users = float(sums.sum() / rows.sum()), len(rows)
    if users < 2:
        return Interval(value, None, None)
    variance = np.sum((sums - value * rows) ** 2) * users / (users - 1) / rows.sum() ** 2
    reach = Z * float(np.sqrt(variance))
    return Interval(value, value - reach, value + reach)


def rmse_interval(residual: np.ndarray, user: np.ndarray) -> Interval:
    """Returns the interval of the root mean squared error over rows, clustered by user.

    The mean squared error is a ratio of two sums over users, of squared errors and of rows; its variance is
    that of the linearized ratio (Cochran, "Sampling Techniques", 3rd ed., 1977, section 6.3). The interval
    is the square root of the squared error's, so it is not symmetric, and never below zero.

    Args:
        residual: float64 [N].
        user: [N], the user of each row.
    """
    mse = mean_over_rows_interval(residual**2, user)
    value = float(np.sqrt(mse.value))
    if mse.low is None or mse.high is None:
        return Interval(value, None, None)
    return Interval(value, float(np.sqrt(max(mse.low, 0.0))), float(np.sqrt(mse.high)))
