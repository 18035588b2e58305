"""What a ranking model is judged by: the error of its ratings, or of its chances of an interaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class JudgedBy:
    """The measures of a ranking model, and the words for them.

    Attributes:
        error: name of the error, by which models are compared; lower is better.
        error_title: heading of the error.
        second, second_title: name and heading of the other measure.
        baseline: key in `report.json` of the baseline of the error.
        baseline_words: words for that baseline.
        answer, given: words for what is predicted, and for what it is compared with.
        rows: words for the rows of a split.
    """

    error: str
    error_title: str
    second: str
    second_title: str
    baseline: str
    baseline_words: str
    answer: str
    given: str
    rows: str


RATINGS = JudgedBy(
    *("rmse", "RMSE", "mae", "MAE", "mean_rating_baseline", "mean rating"),
    *("stars predicted", "stars given", "ratings"),
)
CHANCES = JudgedBy(
    *("log_loss", "log loss", "auc", "AUC", "sampling_rate_baseline", "share of interactions"),
    *("chance predicted", "share of interactions", "interactions and sampled negatives"),
)


def judged_by(measures: Mapping[str, Any]) -> JudgedBy:
    """Returns what measures are of, by their names: those of `eval`, `test`, a group, or an epoch's log.

    Examples:
        >>> judged_by({"val_log_loss": 0.35}).error_title, judged_by({"rmse": 0.9}).error
        ('log loss', 'rmse')
    """
    return CHANCES if {"log_loss", "val_log_loss"} & set(measures) else RATINGS
