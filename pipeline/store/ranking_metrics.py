"""What RankingEvaluator measured over all of `eval`, without TFMA, which takes seconds to load."""

from collections.abc import Mapping
from typing import Any

WHOLE = "(all)"  # as in components.ranking_evaluator.by_slice, whose import loads TFMA


#: Of the order of the films that a user rated; nDCG@10 is that of a list out of all films.
RATED_NDCG = "rated_ndcg@10"
_OLDER = {"ndcg_10": RATED_NDCG}  # as earlier versions wrote it


def slices_read(slices: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What RANKING_SLICES holds, by feature, value and model, with the names that metrics have now."""
    if slices is None:
        return None
    return {
        feature: {
            value: {
                model: {_OLDER.get(name, name): number for name, number in metrics.items()}
                for model, metrics in models.items()
            }
            for value, models in values.items()
        }
        for feature, values in slices.items()
    }


def ranking_metrics(slices: Mapping[str, Any] | None) -> dict[str, dict[str, float | None]]:
    """Model (`candidate`, and maybe `baseline`) to metric to value, None for NaN; empty where there is none.

    Args:
        slices: what RANKING_SLICES holds: see `components.ranking_evaluator.by_slice`.
    """
    models: dict[str, dict[str, float | None]] = (slices_read(slices) or {}).get(WHOLE, {}).get(WHOLE, {})
    return models
