"""Quality metrics: their direction of improvement, and the main ones for a table of runs."""

from collections.abc import Iterable, Mapping
from typing import Any

#: Metrics in a table of runs: heading, model, and name of the metric on `eval`.
MAIN = (
    ("RMSE", "ranking", "rmse"),
    ("log loss", "ranking", "log_loss"),
    ("nDCG@10", "retrieval", "ndcg@10"),
)
_OF_IMPLICIT_DATA = "log loss"
_LOWER_IS_BETTER = ("rmse", "mae", "cold_rmse", "under_mean@10", "log_loss")
_ONE_IS_BEST = ("calibration",)
_HIGHER_IS_BETTER = ("ndcg", "recall", "map", "mrr", "hit_rate", "precision", "auc")
SURE = 2.0  # number of standard errors from which a change is more than noise
_DIGITS = 4  # decimals that are shown; values that are equal in these count as equal


def headings(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Returns the headings of MAIN that a table of runs has; that of implicit data only if a run is of such.

    Args:
        rows: runs with their `metrics` by heading.
    """
    implicit = any(_OF_IMPLICIT_DATA in row["metrics"] for row in rows)
    return tuple(name for name, *_ in MAIN if implicit or name != _OF_IMPLICIT_DATA)


def better(measure: str, before: Any, after: Any, standard_error: float | None = None) -> bool | None:
    """Returns whether `after` is better than `before`.

    The result is None if the values are equal as shown, if the difference is within noise, or if the metric
    has no direction: coverage, novelty and popularity are for the operator of the service to judge.

    Args:
        measure: name of the metric; of a path such as `test: ratings rmse`, the last word counts.
        before, after: values; the result is None if either is not a number.
        standard_error: standard error of the difference, if it is known.
    """
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in (before, after)):
        return None
    name = measure.split()[-1] if measure else ""
    if not judged(name):
        return None
    difference: float = after - before
    if name in _ONE_IS_BEST:
        difference = abs(before - 1) - abs(after - 1)
    elif name.split("_of_")[0] in _LOWER_IS_BETTER:
        difference = -difference
    if round(difference, _DIGITS) == 0 or (standard_error and abs(after - before) < SURE * standard_error):
        return None
    return difference > 0


def judged(name: str) -> bool:
    """Returns whether the metric has a direction of improvement; that of an event type has its family's."""
    name = name.split("_of_")[0]
    family = name.split("@")[0].removeprefix("rated_").removesuffix("_10")
    return name in (*_LOWER_IS_BETTER, *_ONE_IS_BEST) or family in _HIGHER_IS_BETTER
