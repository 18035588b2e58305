"""How sure a number is: 95 % intervals that take users, not ratings, as what was drawn.

Two ratings of one user say less than those of two users, so an interval over rows would be too narrow.
"""

from dataclasses import dataclass

import numpy as np

Z = 1.959963984540054  # of a normal distribution, 95 % lie within so many standard deviations


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval; an interval of None where a single user says nothing about others."""

    value: float
    low: float | None
    high: float | None


def mean_interval(by_user: np.ndarray) -> Interval:
    """Of the mean over users, each of which counts the same. float64 [U], at least one."""
    value = float(by_user.mean())
    if len(by_user) < 2:
        return Interval(value, None, None)
    reach = Z * float(by_user.std(ddof=1)) / np.sqrt(len(by_user))
    return Interval(value, value - reach, value + reach)


def mean_over_rows_interval(values: np.ndarray, user: np.ndarray) -> Interval:
    """Of the mean over rows, users as clusters, by the linearized ratio of two sums over users.

    With the difference of two models' squared errors as `values`, it tells whether one of them is better.

    Args:
        values: float64 [N].
        user: [N], whose row it is.
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
    """Of the root mean squared error over rows, users as clusters.

    The mean squared error is a ratio of two sums over users, of squared errors and of rows; its variance is
    that of the linearized ratio (Cochran, "Sampling Techniques", 3rd ed., 1977, section 6.3). The interval
    is the square root of the squared error's, so it is not symmetric, and never below zero.

    Args:
        residual: float64 [N].
        user: [N], whose row it is.
    """
    mse = mean_over_rows_interval(residual**2, user)
    value = float(np.sqrt(mse.value))
    if mse.low is None or mse.high is None:
        return Interval(value, None, None)
    return Interval(value, float(np.sqrt(max(mse.low, 0.0))), float(np.sqrt(mse.high)))
