"""Errors of the ranking model's predictions, overall and by group."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from components.intervals import mean_over_rows_interval, rmse_interval
from components.run_report.groups import by_row
from components.run_report.predictions import Predictions
from trainer.data.catalogue import Catalogue
from trainer.evaluation.metrics.chances import log_losses
from trainer.export.answers import ids

CALIBRATION_BINS = 10
STEP = 0.1  # stars; of the histogram of what is predicted
MOST_STEPS = 500  # of a scale longer than that of stars, the steps are wider


def rating_errors(predictions: Predictions, mean: float) -> dict[str, dict]:
    """Returns `test` (rows, rmse, mae) and `mean_rating_baseline` (rmse, mae), which predicts `mean`."""
    return {
        "test": {"rows": len(predictions), **_errors(predictions.residual)},
        "mean_rating_baseline": _errors(mean - predictions.actual),
    }


def rating_details(predictions: Predictions, catalogue: Catalogue, chances: bool = False) -> dict[str, Any]:
    """Returns the data of the report's plots of the predicted ratings.

    `calibration`: ten bins of equally many rows by rising prediction; of each `rows`, the mean `predicted`
    and `actual`, and the `standard_error` of the latter.
    `by_stars`: of each rating given: `stars`, `rows`, and of what was predicted there `p10`, `p50`, `p90`.
    `histogram`: `edges` and `counts` of what was predicted.
    `whole`: `rmse` with its interval (`low`, `high`).
    `slices`: feature to value to `rows`, `users`, `rmse` with its interval (`low`, `high`), `mae` and
    `bias`, the mean of predicted less actual.
    Of chances, `stars` are the labels 1 and 0, and `log_loss` stands in place of `rmse` and `mae`.
    `no_number`: the number of rows whose prediction is not a number; they are left out of all of these.
    """
    finite = np.isfinite(predictions.predicted)
    no_number, predictions = int((~finite).sum()), predictions[finite]
    known = catalogue.vocabularies
    user = ids(known.user_id, _text(predictions.user))
    movie = ids(known.movie_id, _text(predictions.movie))
    return {
        "calibration": _calibration(predictions),
        "by_stars": _by_stars(predictions),
        "histogram": _histogram(predictions.predicted),
        "no_number": no_number,
        "whole": _error(predictions, chances),
        "slices": {
            feature: {value: _slice(predictions[rows], chances) for value, rows in values.items()}
            for feature, values in by_row(catalogue, user, movie).items()
        },
    }


def _text(column: np.ndarray) -> list[str]:
    return [value.decode("utf-8", "replace") for value in column]


def _errors(difference: np.ndarray) -> dict[str, float]:
    return {
        "rmse": float(np.sqrt(np.mean(difference**2))),
        "mae": float(np.mean(np.abs(difference))),
    }


def _slice(predictions: Predictions, chances: bool) -> dict[str, Any]:
    residual = predictions.residual
    return {
        "rows": len(residual),
        "users": len(np.unique(predictions.user)),
        **_error(predictions, chances),
        **({} if chances else {"mae": float(np.abs(residual).mean())}),
        "bias": float(residual.mean()),
    }


def _error(predictions: Predictions, chances: bool) -> dict[str, float | None]:
    """Returns `rmse`, or the `log_loss` of chances, with its interval, `low` and `high`."""
    name = "log_loss" if chances else "rmse"
    if not len(predictions):
        return dict.fromkeys((name, "low", "high"))
    if chances:
        losses = log_losses(predictions.actual, predictions.predicted)
        interval = asdict(mean_over_rows_interval(losses, predictions.user))
    else:
        interval = asdict(rmse_interval(predictions.residual, predictions.user))
    return {name: interval.pop("value"), **interval}


def _calibration(predictions: Predictions) -> list[dict[str, float | None]]:
    parts = np.array_split(np.argsort(predictions.predicted, kind="stable"), CALIBRATION_BINS)
    return [
        {
            "rows": len(part),
            "predicted": float(predictions.predicted[part].mean()),
            "actual": float(predictions.actual[part].mean()),
            "standard_error": float(predictions.actual[part].std(ddof=1) / np.sqrt(len(part)))
            if len(part) > 1
            else None,
        }
        for part in parts
        if len(part)
    ]


def _by_stars(predictions: Predictions) -> list[dict[str, float]]:
    found = []
    for stars in np.unique(predictions.actual):
        there = predictions.predicted[predictions.actual == stars]
        p10, p50, p90 = np.percentile(there, (10, 50, 90))
        found.append(
            {
                "stars": float(stars),
                "rows": len(there),
                "p10": float(p10),
                "p50": float(p50),
                "p90": float(p90),
            }
        )
    return found


def _histogram(predicted: np.ndarray) -> Mapping[str, list]:
    if not len(predicted):
        return {"edges": [], "counts": []}
    step = STEP * max(1, np.ceil((predicted.max() - predicted.min()) / STEP / MOST_STEPS))
    first, last = np.floor(predicted.min() / step), np.ceil(predicted.max() / step)
    edges = np.round(np.arange(first, max(last, first + 1) + 1) * step, 6)
    return {"edges": edges.tolist(), "counts": np.histogram(predicted, edges)[0].tolist()}
