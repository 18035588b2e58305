"""How much of what users went on to watch is in the lists that the exported models give them."""

from typing import Any

import numpy as np

from components.run_report.intervals import mean_interval
from trainer.answers import ids
from trainer.features import MOVIE_ID
from trainer.metrics.top_k import NOTHING
from trainer.retrieval.by_history import ByHistory
from trainer.retrieval.popularity import popular_lists
from trainer.retrieval.quality import LONGEST, HeldOut, Quality, judge, measure
from trainer.retrieval.vectors import Vectors
from trainer.saved_model import SavedModel

RETRIEVED = ("recall@10", "recall@100", "ndcg@10", "ndcg@100")
RECOMMENDED = ("recall@10", "ndcg@10")
CATALOGUE = ("coverage@10", "novelty@10", "mean_popularity@10", "gini@10")
BLOCK = 256  # users whom a recommender is asked about at once


def retrieval_qualities(model: SavedModel, vectors: Vectors, held_out: HeldOut) -> dict[str, Quality]:
    """`retrieval`, and `retrieval_popularity`: what the most rated films alone would be worth."""
    if held_out.met:
        quality = measure(vectors.scores, held_out)
    else:
        quality = judge(ByHistory(model, "candidates_from_history", held_out).lists(LONGEST), held_out)
    return {
        "retrieval": quality,
        "retrieval_popularity": judge(popular_lists(held_out), held_out),
    }


def recommender_quality(model: SavedModel, held_out: HeldOut) -> dict[str, Quality]:
    """`recommender`: its `recommend` at 10, what was seen left out; by history for users it has not met."""
    return {"recommender": judge(recommended(model, held_out, k=10), held_out, ks=(10,))}


def means(name: str, quality: Quality) -> dict[str, float]:
    """What report.json says of a model: users, recall and NDCG."""
    found = quality.means()
    measures = RECOMMENDED if name == "recommender" else RETRIEVED
    return {"users": len(quality.held_out.users), **{measure: found[measure] for measure in measures}}


def list_details(qualities: dict[str, Quality], held_out: HeldOut) -> dict[str, Any]:
    """What the report draws of the lists.

    `whole`, and `slices` by feature and value: `users`, and by model `recall@10` and `ndcg@10` as means over
    users with their intervals (`value`, `low`, `high`).
    `catalogue`: by model, what its lists of ten do to the catalogue (`trainer.metrics.beyond_accuracy`).
    `chosen_popularity`: the mean number of train's ratings of what users chose by themselves.
    """
    everybody = np.arange(len(held_out.users))
    return {
        "whole": _within(qualities, everybody),
        "slices": {
            feature: {value: _within(qualities, places) for value, places in values.items()}
            for feature, values in held_out.groups().items()
        },
        "catalogue": {
            name: {measure: _number(found[measure]) for measure in CATALOGUE}
            for name, found in ((name, quality.means()) for name, quality in qualities.items())
        },
        "chosen_popularity": _number(held_out.chosen_popularity()),
    }


def recommended(model: SavedModel, held_out: HeldOut, k: int) -> np.ndarray:
    """Film ids, int32 [U, k], best first, -1 where the model gives none."""
    if not held_out.met:
        return ByHistory(model, "recommend_from_history", held_out).lists(k)
    vocabularies = held_out.catalogue.vocabularies
    lists = np.full((len(held_out.users), k), NOTHING, np.int32)
    for start in range(0, len(lists), BLOCK):
        names = [vocabularies.user_id[row - 1] for row in held_out.users[start : start + BLOCK]]
        films = model.ask("recommend", user_id=names, k=k, exclude_seen=True)[MOVIE_ID]
        known = ids(vocabularies.movie_id, [film.decode() for film in films.ravel()]).reshape(films.shape)
        lists[start : start + BLOCK, : films.shape[1]] = np.where(known > 0, known, NOTHING)
    return lists


def _within(qualities: dict[str, Quality], places: np.ndarray) -> dict[str, Any]:
    return {
        "users": len(places),
        **{
            name: {measure: vars(mean_interval(quality.by_user[measure][places])) for measure in RECOMMENDED}
            for name, quality in qualities.items()
        },
    }


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
