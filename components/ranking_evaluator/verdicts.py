"""The verdicts on TFMA's metrics: `verdicts.json`."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from components.bars import NO_BARS, Baseline, Limit, Verdict, verdicts

FILE = "verdicts.json"


def judged(
    bars: Mapping[str, Mapping[str, Limit]],
    candidate: Mapping[str, float | None],
    baseline: Baseline | None,
) -> dict[str, Any]:
    """Returns the content of `verdicts.json`; null for what could not be measured.

    `candidate`, `baseline` (null where there is none): value by measure, over all of `eval`.
    `change`: mean and standard error of the difference, candidate less `baseline`, by measure.
    `overlap`: `share` of the `rows` of `eval` that the baseline was trained on; null where that is not known.
    `bars`: measure, passed, compared and sentence of each; `blessed`; `reasons`: the sentences alone.

    Args:
        bars: measure to its limits.
        candidate: value by measure; None for NaN.
        baseline: the last blessed model, where there is one.
    """
    found: list[Verdict] = []
    for measure, bar in bars.items():
        value = candidate.get(measure)
        found += verdicts(measure, bar, math.nan if value is None else value, baseline)
    return {
        "candidate": dict(candidate),
        "baseline": dict(baseline.values) if baseline else None,
        "change": {"baseline": _changes(candidate, baseline)} if baseline else {},
        "overlap": asdict(baseline.overlap) if baseline and baseline.overlap else None,
        "bars": [asdict(verdict) for verdict in found],
        "blessed": bool(found) and all(verdict.passed for verdict in found),
        "reasons": [verdict.sentence for verdict in found] or [NO_BARS],
    }


def _changes(candidate: Mapping[str, float | None], baseline: Baseline) -> dict[str, Any]:
    return {
        measure: {
            "mean": after - before,
            "standard_error": None if error is None or math.isnan(error) else error,
        }
        for measure, error in baseline.standard_errors.items()
        if (after := candidate.get(measure)) is not None
        and (before := baseline.values.get(measure)) is not None
    }
