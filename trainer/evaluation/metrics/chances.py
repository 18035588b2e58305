"""Metrics of chances of an interaction, row by row: log loss, and the share of rows in the right order."""

import numpy as np


def log_losses(labels: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Returns each row's log loss, float64 [rows], with chances of at least 1e-7, as in Keras and TFMA."""
    chances = np.clip(chances, 1e-7, 1 - 1e-7)
    return -np.where(labels > 0, np.log(chances), np.log1p(-chances))


def right_order(labels: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Returns, for each row, the share of rows of the other label that its chance is in the right order with.

    Ties count half. The mean over either label's rows is the area under the ROC curve.
    """
    found = np.zeros(len(labels))
    for positive in (True, False):
        own, others = (labels > 0) == positive, np.sort(chances[(labels > 0) != positive])
        below = np.searchsorted(others, chances[own], side="left")
        not_above = np.searchsorted(others, chances[own], side="right")
        share = (below + not_above) / (2 * max(len(others), 1))
        found[own] = share if positive else 1 - share
    return found


def area_under_curve(labels: np.ndarray, chances: np.ndarray) -> float:
    """Returns the area under the ROC curve, exactly; NaN where all labels are the same."""
    positive = labels > 0
    if not positive.any() or positive.all():
        return float("nan")
    return float(right_order(labels, chances)[positive].mean())
