"""What a measure must satisfy, and what became of it in a sentence with numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

ROUNDING = 1e-6  # a smaller change is no change: the same model, judged twice, is not worse
LIMITS = ("min", "max", "max_increase", "max_decrease")
CHANGES = LIMITS[2:]


@dataclass(frozen=True)
class Verdict:
    """What became of one limit.

    Attributes:
        measure: such as `ndcg@10`.
        passed: whether the model may be blessed as far as this limit is concerned.
        sentence: why, with numbers.
    """

    measure: str
    passed: bool
    sentence: str


def verdicts(measure: str, bar: Mapping[str, float], value: float, before: float | None) -> list[Verdict]:
    """A verdict a limit.

    Args:
        measure: its name.
        bar: of LIMITS, those that are set.
        value: the candidate's.
        before: the last blessed model's, where there is one.
    """
    found = []
    for limit, passed, missed in (
        ("max", value <= bar.get("max", 0), "over"),
        ("min", value >= bar.get("min", 0), "under"),
    ):
        if limit in bar:
            word = "within" if passed else missed
            found.append(
                Verdict(measure, passed, f"{measure} {value:.4f} is {word} the bar of {bar[limit]:g}")
            )
    if not set(bar) & set(CHANGES):
        return found
    if before is None:
        nothing = f"{measure}: no model was blessed before, nothing to compare with"
        return [*found, Verdict(measure, True, nothing)]
    change = value - before
    # Written so that NaN is worse.
    passed = change <= bar.get("max_increase", float("inf")) + ROUNDING
    passed &= change >= -bar.get("max_decrease", float("inf")) - ROUNDING
    moved = f"{abs(change):.4f} {'up' if change > 0 else 'down'}"
    word = "against" if passed else "worse than"
    sentence = f"{measure} {value:.4f}: {moved}, {word} the last blessed model's {before:.4f}"
    return [*found, Verdict(measure, passed, sentence)]
