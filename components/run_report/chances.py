"""Quality of the chances that a ranking model of implicit feedback predicts, on `test` with negatives."""

from typing import Any

import numpy as np

from components.ranking_evaluator.paired import K, ndcg
from components.run_report.predictions import Predictions
from trainer.data.catalogue import Catalogue
from trainer.evaluation.metrics.chances import area_under_curve, log_losses
from trainer.export.answers import ids


def chance_errors(predictions: Predictions, catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Returns the quality of the model, and of two baselines that know nothing of users.

    `test`: `rows`, `positives`, and the quality: `log_loss`, `auc`, `rated_ndcg@10` (of the order of each
    user's interactions and negatives) and `calibration` (the sum of chances over that of interactions).
    `sampling_rate_baseline`: the `log_loss` of the share of interactions among the rows, for all of them.
    `popularity_baseline`: `auc` and `rated_ndcg@10` of the order by number of interactions in train.

    Args:
        predictions: labels and chances.
        catalogue: the catalogue of train.
    """
    labels, chances = predictions.actual, predictions.predicted
    movie = ids(
        catalogue.vocabularies.movie_id, [each.decode("utf-8", "replace") for each in predictions.movie]
    )
    popularity = catalogue.watchers.lengths[movie].astype(np.float64)
    rate = np.full(len(labels), labels.mean() if len(labels) else np.nan)
    return {
        "test": {
            "rows": len(predictions),
            "positives": int((labels > 0).sum()),
            "log_loss": _mean(log_losses(labels, chances)),
            **_order(predictions.user, labels, chances),
            "calibration": float(chances.sum() / labels.sum()) if labels.any() else float("nan"),
        },
        "sampling_rate_baseline": {"log_loss": _mean(log_losses(labels, rate))},
        "popularity_baseline": _order(predictions.user, labels, popularity),
    }


def _order(user: np.ndarray, labels: np.ndarray, by: np.ndarray) -> dict[str, float]:
    number = np.unique(user, return_inverse=True)[1]
    return {
        "auc": area_under_curve(labels, by),
        f"rated_ndcg@{K}": _mean(ndcg(number, labels, by)) if len(labels) else float("nan"),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
