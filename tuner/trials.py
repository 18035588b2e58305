"""The table of trials: their values, scores and errors."""

from typing import Any

import keras_tuner

from tuner.oracles import settings


def trial_table(tuner: keras_tuner.Tuner) -> list[dict[str, Any]]:
    """Returns one row per trial, best first, failed ones last.

    Returns:
        Dicts of `trial`, `status` (KerasTuner's: COMPLETED, INVALID, FAILED), `score` (the objective's best
        value, or None), `values` (dotted path to value) and `error` (the last line of the trial's
        traceback, or an empty string).
    """
    rows = [
        {
            "trial": trial.trial_id,
            "status": trial.status,
            "score": trial.score,
            "values": settings(trial.hyperparameters.values),
            "error": (trial.message or "").strip().splitlines()[-1] if trial.message else "",
        }
        for trial in tuner.oracle.trials.values()
    ]
    sign = -1 if tuner.oracle.objective.direction == "max" else 1
    return sorted(rows, key=lambda row: (row["score"] is None, sign * (row["score"] or 0.0), row["trial"]))
