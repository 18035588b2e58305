"""What RankingEvaluator measured over all of `eval`, without TFMA, which takes seconds to load."""

from collections.abc import Mapping
from typing import Any

FILE = "slices.json"
VERDICTS = "verdicts.json"  # as in components.ranking_evaluator.verdicts
WHOLE = "(all)"  # as in components.ranking_evaluator.by_slice, whose import loads TFMA


def ranking_metrics(slices: Mapping[str, Any] | None) -> dict[str, dict[str, float | None]]:
    """Model (`candidate`, and maybe `baseline`) to metric to value, None for NaN; empty where there is none.

    Args:
        slices: what FILE holds: see `components.ranking_evaluator.by_slice`.
    """
    return (slices or {}).get(WHOLE, {}).get(WHOLE, {})
