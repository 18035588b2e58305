"""Quality of the chances that a ranking model of implicit feedback predicts, on `test` with negatives."""

from typing import Any

import numpy as np

from components.ranking_evaluator.event_rows import EventRows
from components.ranking_evaluator.paired import K, ndcg
from components.run_report.predictions import Predictions
from trainer.data.catalogue import Catalogue
from trainer.data.implicit.events import WORTH
from trainer.evaluation.metrics.chances import area_under_curve, log_losses
from trainer.export.answers import ids


def chance_errors(
    predictions: Predictions, catalogue: Catalogue, events: EventRows | None = None
) -> dict[str, dict[str, Any]]:
    """Returns the quality of the model, and of two baselines that know nothing of users.

    `test`: `rows`, `positives`, and the quality: `log_loss`, `auc`, `rated_ndcg@10` (of the order of each
    user's interactions and negatives) and `calibration` (the sum of chances over that of interactions).
    `sampling_rate_baseline`: the `log_loss` of the share of interactions among the rows, for all of them.
    `popularity_baseline`: `auc` and `rated_ndcg@10` of the order by number of interactions in train.
    Where the model knows types of events, also: in `test` the `log_loss_of_view`, `auc_of_view` … of each
    type, the `worth_ndcg@10` of the order by `worth`, where each interaction gains its weight, and the
    `chance_worth_ndcg@10` of the order by the chance of an interaction; in `events`, by type, the number of
    `events`, their `log_loss` and `auc`, and `share_log_loss`, that of their share among the rows.

    Args:
        predictions: labels and chances.
        catalogue: the catalogue of train.
        events: the same rows' types of events and their chances; None: the model knows none.
    """
    labels, chances = predictions.actual, predictions.predicted
    movie = ids(
        catalogue.vocabularies.movie_id, [each.decode("utf-8", "replace") for each in predictions.movie]
    )
    popularity = catalogue.watchers.lengths[movie].astype(np.float64)
    rate = np.full(len(labels), labels.mean() if len(labels) else np.nan)
    of_events = {} if events is None else {"events": _by_type(events)}
    return of_events | {
        "test": {
            "rows": len(predictions),
            "positives": int((labels > 0).sum()),
            "log_loss": _mean(log_losses(labels, chances)),
            **_order(predictions.user, labels, chances),
            "calibration": float(chances.sum() / labels.sum()) if labels.any() else float("nan"),
            **({} if events is None else _of_types(events, chances)),
        },
        "sampling_rate_baseline": {"log_loss": _mean(log_losses(labels, rate))},
        "popularity_baseline": _order(predictions.user, labels, popularity),
    }


def _by_type(rows: EventRows) -> dict[str, dict[str, Any]]:
    [model] = rows.models
    measures, found = rows.measures(model), {}
    for place, event in enumerate(rows.events.types, start=1):
        labels = (rows.code == place).astype(np.float64)
        always = np.full(len(labels), labels.mean())
        found[event] = {
            "events": int(labels.sum()),
            **{name: measures[rows.events.measure(name, event)] for name in ("log_loss", "auc")},
            "share_log_loss": _mean(log_losses(labels, always)),
        }
    return found


def _of_types(rows: EventRows, chances: np.ndarray) -> dict[str, float | None]:
    [model] = rows.models
    return {
        **rows.measures(model),
        f"worth_ndcg@{K}": rows.worth_ndcg(rows.answers[model][WORTH]),
        f"chance_worth_ndcg@{K}": rows.worth_ndcg(chances),
    }


def _order(user: np.ndarray, labels: np.ndarray, by: np.ndarray) -> dict[str, float]:
    number = np.unique(user, return_inverse=True)[1]
    return {
        "auc": area_under_curve(labels, by),
        f"rated_ndcg@{K}": _mean(ndcg(number, labels, by)) if len(labels) else float("nan"),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
