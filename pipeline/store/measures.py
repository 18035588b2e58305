"""Measures of quality: which way is better, and which of them a table of runs has room for."""

from typing import Any

#: In a row of a table of runs: what it is called, the model, and the measure on `eval`.
MAIN = (("RMSE", "ranking", "rmse"), ("nDCG@10", "retrieval", "ndcg@10"))
_LOWER_IS_BETTER = ("rmse", "mae", "cold_rmse", "under_mean@10")
_ONE_IS_BEST = ("calibration",)
_HIGHER_IS_BETTER = ("ndcg", "recall", "map", "mrr", "hit_rate", "precision", "auc")
SURE = 2.0  # standard errors from which a change is more than noise
_DIGITS = 4  # that are shown: what is equal in these is equal


def better(measure: str, before: Any, after: Any, standard_error: float | None = None) -> bool | None:
    """Whether `after` is better than `before`.

    None where they are equal as shown, where the difference is within noise, and of a measure that is not
    judged: coverage, novelty and popularity are for whoever runs the service to judge.

    Args:
        measure: its name; of a path such as `test: ratings rmse`, the last word counts.
        before, after: values; None, or no number, is not judged.
        standard_error: of the difference, where it is known.
    """
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in (before, after)):
        return None
    name = measure.split()[-1] if measure else ""
    if not judged(name):
        return None
    difference: float = after - before
    if name in _ONE_IS_BEST:
        difference = abs(before - 1) - abs(after - 1)
    elif name in _LOWER_IS_BETTER:
        difference = -difference
    if round(difference, _DIGITS) == 0 or (standard_error and abs(after - before) < SURE * standard_error):
        return None
    return difference > 0


def judged(name: str) -> bool:
    """Whether one value of a measure is better than another at all."""
    family = name.split("@")[0].removeprefix("rated_").removesuffix("_10")
    return name in (*_LOWER_IS_BETTER, *_ONE_IS_BEST) or family in _HIGHER_IS_BETTER
