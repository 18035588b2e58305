"""The numbers of the report's plots: `plots.json`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.measures import KS
from trainer.evaluation.metrics.top_k import entries
from trainer.evaluation.quality import Quality, Scores

SAMPLE = 256  # users whose scores the histograms count
BINS = 40


def plots(qualities: Mapping[str, Quality], scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Returns the data of one plot per key, each by model.

    `recall_curves`: the mean recall at k = 1, 2, … 100.
    `slices`: feature to value to `recall@10` and `ndcg@10`, for bars side by side; with `users`.
    `coverage_and_popularity`: a point a k: `k`, `coverage` (share), `mean_popularity` (ratings in train).
    `exposure`: the share of the first ten that falls to each tenth of the catalogue, rarest films first.
    `scores`: histograms of a model's scores, `edges` [41] and shares [40] of `positives` and `candidates`.

    Args:
        qualities: what was measured, by model.
        scores: the functions that scored, by model; popularity needs none.
    """
    means = {name: quality.means() for name, quality in qualities.items()}
    held_out = next(iter(qualities.values())).held_out
    return {
        "recall_curves": {name: _rounded(quality.recall_curve) for name, quality in qualities.items()},
        "slices": {
            feature: {value: _slice(qualities, places) for value, places in values.items()}
            for feature, values in held_out.groups().items()
        },
        "coverage_and_popularity": {
            name: [
                {"k": k, "coverage": mean[f"coverage@{k}"], "mean_popularity": mean[f"mean_popularity@{k}"]}
                for k in KS
                if np.isfinite(mean[f"mean_popularity@{k}"])
            ]
            for name, mean in means.items()
        },
        "exposure": {name: _rounded(quality.exposure()) for name, quality in qualities.items()},
        "scores": {name: _histogram(function, held_out) for name, function in scores.items()},
    }


def _slice(qualities: Mapping[str, Quality], places: np.ndarray) -> dict[str, Any]:
    found = {name: quality.within(places) for name, quality in qualities.items()}
    drawn = {name: {key: values[key] for key in ("recall@10", "ndcg@10")} for name, values in found.items()}
    return {"users": len(places), **drawn}


def _histogram(scores: Scores, held_out: HeldOut) -> dict[str, list[float]]:
    """Of a sample of users, evenly spread: what they watched in train is no candidate."""
    users = held_out.users[np.unique(np.linspace(0, len(held_out.users) - 1, SAMPLE).astype(int))]
    table = np.array(scores(users), np.float32)
    table[:, 0] = -np.inf
    table[entries(held_out.catalogue.watched, users)] = -np.inf
    right = np.zeros(table.shape, bool)
    right[entries(held_out.positives, users)] = True
    right, candidates = table[right & np.isfinite(table)], table[np.isfinite(table)]
    if not len(candidates):
        return {"edges": [], "positives": [], "candidates": []}
    edges = np.histogram_bin_edges(candidates.astype(np.float64), BINS)  # float32 may be too coarse for them
    shares = {
        name: _rounded(np.histogram(values, edges)[0] / max(len(values), 1))
        for name, values in (("positives", right), ("candidates", candidates))
    }
    return {"edges": _rounded(edges), **shares}


def _rounded(values) -> list[float]:
    return [round(float(value), 6) for value in values]
