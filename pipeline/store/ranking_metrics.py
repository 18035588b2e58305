"""Reads RankingEvaluator's metrics over all of `eval`, without TFMA, which takes seconds to load."""

from collections.abc import Mapping
from typing import Any

WHOLE = "(all)"  # as in components.ranking_evaluator.by_slice, whose import loads TFMA


#: nDCG@10 of the order of the items that a user rated; `ndcg@10` is that of a list out of all items.
RATED_NDCG = "rated_ndcg@10"
_OLDER = {"ndcg_10": RATED_NDCG}  # name in earlier versions


def slices_read(slices: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Returns RANKING_SLICES by feature, value and model, with the present names of metrics."""
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
    """Returns metric values by model (`candidate`, maybe `baseline`) and metric; None for NaN.

    Args:
        slices: content of RANKING_SLICES (see `components.ranking_evaluator.by_slice`); None gives an empty
            result.
    """
    models: dict[str, dict[str, float | None]] = (slices_read(slices) or {}).get(WHOLE, {}).get(WHOLE, {})
    return models
