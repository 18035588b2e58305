"""Metrics of the exported models' lists on the users' held-out films."""

from typing import Any

import numpy as np

from components.intervals import mean_interval
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.popularity import popular_lists
from trainer.evaluation.quality import LONGEST, Quality, judge, measure
from trainer.export.saved_model import SavedModel
from trainer.judging.by_history import ByHistory
from trainer.judging.recommender_lists import recommended
from trainer.judging.vectors import Vectors

RETRIEVED = ("recall@10", "recall@100", "ndcg@10", "ndcg@100")
RECOMMENDED = ("recall@10", "ndcg@10")
CATALOGUE = ("coverage@10", "novelty@10", "mean_popularity@10", "gini@10")


def retrieval_qualities(model: SavedModel, vectors: Vectors, held_out: HeldOut) -> dict[str, Quality]:
    """Returns the qualities of `retrieval` and of its popularity baseline, `retrieval_popularity`."""
    if held_out.met:
        quality = measure(vectors.scores, held_out)
    else:
        quality = judge(ByHistory(model, "candidates_for_history", held_out).lists(LONGEST), held_out)
    return {
        "retrieval": quality,
        "retrieval_popularity": judge(popular_lists(held_out), held_out),
    }


def recommender_quality(model: SavedModel, held_out: HeldOut) -> dict[str, Quality]:
    """Returns the quality of `recommender` at 10, without seen items; by history for cold-start users."""
    return {"recommender": judge(recommended(model, held_out, k=10), held_out, ks=(10,))}


def means(name: str, quality: Quality) -> dict[str, float]:
    """Returns a model's entries of `report.json`: users, recall and NDCG."""
    found = quality.means()
    measures = RECOMMENDED if name == "recommender" else RETRIEVED
    return {"users": len(quality.held_out.users), **{measure: found[measure] for measure in measures}}


def list_details(qualities: dict[str, Quality], held_out: HeldOut) -> dict[str, Any]:
    """Returns the data of the report's plots of the lists.

    `whole`, and `slices` by feature and value: `users`, and by model `recall@10` and `ndcg@10` as means over
    users with their intervals (`value`, `low`, `high`); of the retrieval model `recall@100` as well.
    `less_popularity`: by model, its `ndcg@10` less that of the most rated items over the same users, with
    its interval.
    `catalogue`: by model, what its lists of ten do to the catalogue, as
    `trainer.evaluation.metrics.beyond_accuracy` measures it.
    `chosen_popularity`: the mean number of train's ratings of what users chose by themselves.
    """
    everybody = np.arange(len(held_out.users))
    return {
        "whole": _within(qualities, everybody),
        "slices": {
            feature: {value: _within(qualities, places) for value, places in values.items()}
            for feature, values in held_out.groups().items()
        },
        "less_popularity": _less_popularity(qualities),
        "catalogue": {
            name: {measure: _number(found[measure]) for measure in CATALOGUE}
            for name, found in ((name, quality.means()) for name, quality in qualities.items())
        },
        "chosen_popularity": _number(held_out.chosen_popularity()),
    }


def _within(qualities: dict[str, Quality], places: np.ndarray) -> dict[str, Any]:
    return {
        "users": len(places),
        **{
            name: {
                measure: vars(mean_interval(quality.by_user[measure][places]))
                for measure in (*RECOMMENDED, "recall@100")
                if measure in quality.by_user
            }
            for name, quality in qualities.items()
        },
    }


def _less_popularity(qualities: dict[str, Quality]) -> dict[str, Any]:
    popular = qualities.get("retrieval_popularity")
    if popular is None:
        return {}
    return {
        name: vars(mean_interval(quality.by_user["ndcg@10"] - popular.by_user["ndcg@10"]))
        for name, quality in qualities.items()
        if quality is not popular
    }


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
