"""Bars: limits of a metric, and verdicts that explain in a sentence whether a model meets them.

The ranking, the retrieval and the recommender evaluator compare their metrics with bars by `verdicts`. A
`Baseline` holds the metrics of the last blessed model on the same rows.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

ROUNDING = 1e-6  # smaller changes are ignored: a model that is evaluated twice is not worse
NEGLIGIBLE = 0.01  # the largest share of `eval` that a baseline may have been trained on
NO_BARS = "there is no bar: a model is blessed for what it clears"
LIMITS = ("min", "max", "max_increase", "max_decrease")
CHANGES = LIMITS[2:]

#: A limit: a number, or for a change also `{"standard_errors": X, "at_least": Y}`.
Limit = float | Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """The result of comparing a metric with one limit.

    Attributes:
        measure: the name of the metric, such as `ndcg@10`.
        passed: whether the limit allows a blessing.
        sentence: the reason, with numbers.
        compared: False if the limit is on a change and the last blessed model cannot be compared.
    """

    measure: str
    passed: bool
    sentence: str
    compared: bool = True


@dataclass(frozen=True)
class Overlap:
    """The share of `eval` that a model was trained on.

    Attributes:
        share: the share, 0 to 1; an estimate for models of many millions of ratings
            (`trainer.data.pairs.trained_on`). None if the model has no record of its training ratings.
        rows: the number of ratings in `eval`.
    """

    share: float | None
    rows: int


@dataclass(frozen=True)
class Baseline:
    """The metrics of the last blessed model, on the same rows as the candidate's.

    Attributes:
        values: the values by metric.
        standard_errors: the standard errors of the paired difference, candidate minus baseline, over users,
            by metric; metrics that are not means over users are left out.
        overlap: the share of those rows that the baseline was trained on; None if it was not computed.
    """

    values: Mapping[str, float]
    standard_errors: Mapping[str, float | None] = field(default_factory=dict)
    overlap: Overlap | None = None

    @property
    def comparable(self) -> bool:
        """Tells whether the baseline was trained on at most a negligible share of the rows."""
        if self.overlap is None:
            return True
        return self.overlap.share is not None and self.overlap.share <= NEGLIGIBLE


def verdicts(
    measure: str, bar: Mapping[str, Limit], value: float, baseline: Baseline | None = None
) -> list[Verdict]:
    """Returns one verdict per limit of a metric's bar.

    `min` and `max` always apply. `max_increase` and `max_decrease` apply to the change from the last blessed
    model, if there is one and it is comparable: a model that was trained on part of `eval` is overrated, and
    its successor is not refused for that. A limit in standard errors allows for the noise of the paired
    difference, and for at least `at_least`.

    Args:
        measure: the name of the metric.
        bar: the limits that are set, by their names in LIMITS.
        value: the candidate's value; NaN meets no limit.
        baseline: the last blessed model, if there is one; a metric that it lacks is not compared.

    Examples:
        baseline = Baseline({"ndcg@10": 0.25}, {"ndcg@10": 0.004}, Overlap(0.13, 9200))
        verdicts("ndcg@10", {"min": 0.2, "max_decrease": {"standard_errors": 2}}, 0.24, baseline)
    """
    found = []
    for name, missed in (("max", "over"), ("min", "under")):
        if name in bar:
            limit = bar[name]
            assert not isinstance(limit, Mapping)  # standard errors are those of a change
            passed = value <= limit if name == "max" else value >= limit
            word = "within" if passed else missed
            found.append(Verdict(measure, passed, f"{measure} {value:.4f} is {word} the bar of {limit:g}"))
    return [*found, *(_change(measure, name, bar[name], value, baseline) for name in CHANGES if name in bar)]


def _change(measure: str, name: str, limit: Limit, value: float, baseline: Baseline | None) -> Verdict:
    if baseline is None or (before := baseline.values.get(measure)) is None:
        return Verdict(measure, True, f"{measure}: no model was blessed before, nothing to compare with")
    if math.isnan(value):
        return Verdict(measure, False, f"{measure} is not a number, worse than the last blessed model's")
    if math.isnan(before):
        why = "not compared: the last blessed model has no number here"
        return Verdict(measure, True, f"{measure} {value:.4f}: {why}", compared=False)
    if baseline.overlap is not None and not baseline.comparable:
        why = _not_compared(baseline.overlap)
        return Verdict(measure, True, f"{measure} {value:.4f}: {why}", compared=False)
    error = baseline.standard_errors.get(measure)
    if isinstance(limit, Mapping) and (error is None or math.isnan(error)):
        why = "not compared with the last blessed model: a single user gives no standard error"
        return Verdict(measure, True, f"{measure} {value:.4f}: {why}", compared=False)
    change = value - before
    worse = change if name == "max_increase" else -change
    passed = worse <= _allowed(limit, error) + ROUNDING  # written so that NaN fails
    moved = f"{abs(change):.4f} {'up' if change > 0 else 'down'}"
    if isinstance(limit, Mapping):
        moved += f" ({abs(change) / error:.1f} standard errors)" if error else ""
    word = "against" if passed else "worse than"
    return Verdict(
        measure, passed, f"{measure} {value:.4f}: {moved}, {word} the last blessed model's {before:.4f}"
    )


def _allowed(limit: Limit, error: float | None) -> float:
    if not isinstance(limit, Mapping):
        return limit
    assert error is not None  # without one, such a limit is not compared
    return max(limit["standard_errors"] * error, limit.get("at_least") or 0.0)


def _not_compared(overlap: Overlap) -> str:
    if overlap.share is None:
        return (
            "not compared with the last blessed model: it is not known what that was trained on "
            "(an older version of Marquee made it)"
        )
    share = f"{overlap.share:.0%}".replace("%", " %")
    return (
        f"not compared with the last blessed model, which was trained on {share} of eval "
        f"({round(overlap.share * overlap.rows):,} of {overlap.rows:,} ratings): "
        "data.split.kind: hash keeps every rating on its side as data grows"
    )
