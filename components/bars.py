"""What a measure must satisfy, and what became of it in a sentence with numbers.

Every evaluator holds its measures against bars by `verdicts`: the ranking, the retrieval and the recommender
evaluator. What the last blessed model reached on the same rows is a `Baseline`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

ROUNDING = 1e-6  # a smaller change is no change: the same model, judged twice, is not worse
NEGLIGIBLE = 0.01  # share of `eval` that a baseline may have been trained on and still be compared
NO_BARS = "there is no bar: a model is blessed for what it clears"
LIMITS = ("min", "max", "max_increase", "max_decrease")
CHANGES = LIMITS[2:]

#: A number, or for a change `{"standard_errors": X, "at_least": Y}`.
Limit = float | Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """What became of one limit.

    Attributes:
        measure: such as `ndcg@10`.
        passed: whether the model may be blessed as far as this limit is concerned.
        sentence: why, with numbers.
        compared: False where a change is limited, a model was blessed before, and the two cannot be compared.
    """

    measure: str
    passed: bool
    sentence: str
    compared: bool = True


@dataclass(frozen=True)
class Overlap:
    """How much of `eval` a model was trained on.

    Attributes:
        share: 0 to 1; an estimate where many millions of ratings were trained on (`trainer.data.trained_on`).
            None where nobody wrote down what the model was trained on.
        rows: how many ratings `eval` has.
    """

    share: float | None
    rows: int


@dataclass(frozen=True)
class Baseline:
    """The last blessed model on the rows that the candidate was measured on.

    Attributes:
        values: by measure.
        standard_errors: of the paired difference, candidate less baseline, over users, by measure; those that
            are no mean over users are left out.
        overlap: how much of those rows the baseline was trained on; None where nobody asked.
    """

    values: Mapping[str, float]
    standard_errors: Mapping[str, float | None] = field(default_factory=dict)
    overlap: Overlap | None = None

    @property
    def comparable(self) -> bool:
        """Whether it was trained on no more than a negligible share of what it is measured on."""
        if self.overlap is None:
            return True
        return self.overlap.share is not None and self.overlap.share <= NEGLIGIBLE


def verdicts(
    measure: str, bar: Mapping[str, Limit], value: float, baseline: Baseline | None = None
) -> list[Verdict]:
    """One verdict per limit of a measure's bar.

    `min` and `max` always hold. `max_increase` and `max_decrease` hold against the last blessed model, where
    there is one and it is comparable: a model that was trained on some of `eval` knows those answers, and
    its successor is not refused for lacking them. A change limit in standard errors allows as much as the
    noise of the paired difference explains, and at least `at_least`.

    Args:
        measure: its name.
        bar: of LIMITS, those that are set.
        value: the candidate's; NaN clears no bar.
        baseline: the last blessed model, where there is one; a measure that it lacks is not compared.

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
    passed = worse <= _allowed(limit, error) + ROUNDING  # written so that NaN is worse
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
