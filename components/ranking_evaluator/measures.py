"""TFMA's metrics in vectorised sums, one value per slice, without a loop over rows.

Edge cases are TFMA's: errors of NaN do not count in the mean absolute error and spoil every other metric;
calibration is NaN where the labels sum to 0.
"""

from collections.abc import Callable, Mapping

import numpy as np

from components.ranking_evaluator.eval_rows import Groups

_BUCKETS = 10_000  # of the histogram that TFMA's AUC is made of
_EPSILON = 1e-7
_THRESHOLDS = 10_000  # of TFMA's AUC, where none are given


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Returns above / below, NaN where below is 0."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below != 0)


def ndcg_of_users(user: np.ndarray, gains: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    """Returns each user's NDCG@k of the user's own rows, float64 [users]; 0 if no gain is positive."""
    sizes = np.bincount(user)
    found = []
    for order in (_as_tfma_orders(user, predicted), np.lexsort((gains, user))):
        rank = np.repeat(np.cumsum(sizes), sizes) - 1 - np.arange(len(user))  # the last comes first
        top = rank < k
        gained = gains[order][top] / np.log2(rank[top] + 2)
        found.append(np.bincount(user[order][top], weights=gained, minlength=len(sizes)))
    dcg, best = found
    return np.divide(dcg, best, out=np.zeros_like(dcg), where=best > 0)


def _as_tfma_orders(user: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Returns the rows by user, then by ascending prediction, NaN last.

    TFMA sorts each user's predictions by numpy's `argsort`, which leaves equal ones in an order of its own:
    of the users with equal predictions, who are few, the rows are sorted by it here too.
    """
    order = np.lexsort((predicted, user))
    users, values = user[order], predicted[order]
    equal = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    ends = np.cumsum(np.bincount(user))
    for tied in np.unique(users[1:][equal & (users[1:] == users[:-1])]):
        own = slice(ends[tied - 1] if tied else 0, ends[tied])
        rows = np.sort(order[own])
        order[own] = rows[np.argsort(predicted[rows])]
    return order


def _rmse(groups: Groups, labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    errors = predicted.astype(np.float64) - labels
    return np.sqrt(groups.sums(errors**2) / groups.counts())


def _mae(groups: Groups, labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    errors = np.abs(predicted.astype(np.float64) - labels)
    there = ~np.isnan(errors)
    return ratio(groups.sums(np.where(there, errors, 0)), groups.sums(there))


def _calibration(groups: Groups, labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    given = groups.sums(labels)
    return ratio(groups.sums(predicted), np.where(np.isclose(given, 0), 0, given))


def _count(groups: Groups, labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return groups.counts()


def _log_loss(groups: Groups, labels: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Without a smallest chance: a chance of exactly 0 or 1 gives NaN or infinity."""
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = -labels * np.log(chances) - (1 - labels) * np.log(1 - chances)
        return groups.sums(losses) / groups.counts()


def _auc(
    groups: Groups, labels: np.ndarray, chances: np.ndarray, num_thresholds: int = _THRESHOLDS
) -> np.ndarray:
    """Returns the area under the ROC curve by trapezoids between the thresholds.

    As in TFMA chances are first counted in 10,000 equal buckets, and a bucket is above a threshold if its
    lower edge is.
    """
    thresholds = np.arange(num_thresholds) / (num_thresholds - 1)
    thresholds[0], thresholds[-1] = -_EPSILON, 1 + _EPSILON
    with np.errstate(invalid="ignore"):
        bucket = np.clip(np.nan_to_num(chances.astype(np.float64) * _BUCKETS + 1), 0, _BUCKETS + 1)
    edges = (np.arange(_BUCKETS + 2) - 1) / _BUCKETS
    edges[0], edges[-1] = -np.inf, np.inf
    place = np.maximum(np.searchsorted(thresholds + _EPSILON, edges, side="right") - 1, 0)
    at = place[bucket.astype(np.int64)][groups.row] + groups.group.astype(np.int64) * num_thresholds
    areas = []
    shape = (len(groups.values), num_thresholds)
    for weights in (labels, 1 - labels):
        histogram = np.bincount(at, weights=weights[groups.row], minlength=shape[0] * shape[1]).reshape(shape)
        above = np.cumsum(histogram[:, ::-1], axis=1)[:, ::-1]
        whole = above[:, :1].copy()
        above[:, -1] = 0
        areas.append(np.divide(above, whole, out=np.zeros_like(above), where=whole != 0))
    found, other = areas
    area = np.sum((other[:, :-1] - other[:, 1:]) * (found[:, :-1] + found[:, 1:]) / 2, axis=1)
    return np.where(groups.sums(np.isnan(chances)) > 0, np.nan, area)


#: By TFMA's name of the class: (slices, labels, predictions, options) to float64 [slices].
MEASURES: Mapping[str, Callable[..., np.ndarray]] = {
    "RootMeanSquaredError": _rmse,
    "MeanAbsoluteError": _mae,
    "Calibration": _calibration,
    "ExampleCount": _count,
    "BinaryCrossEntropy": _log_loss,
    "AUC": _auc,
}
