"""How much of what users went on to watch is in the lists that the exported models give them."""

import numpy as np

from trainer.answers import ids
from trainer.features import MOVIE_ID
from trainer.metrics.top_k import NOTHING
from trainer.retrieval.popularity import popular_lists
from trainer.retrieval.quality import HeldOut, Quality, judge, measure
from trainer.retrieval.vectors import Vectors
from trainer.saved_model import SavedModel

RETRIEVED = ("recall@10", "recall@100", "ndcg@10", "ndcg@100")
RECOMMENDED = ("recall@10", "ndcg@10")
BLOCK = 256  # users whom a recommender is asked about at once


def retrieval_quality(saved_model: str, held_out: HeldOut | None) -> dict[str, dict | None]:
    """`retrieval` and `retrieval_popularity`: users, recall and NDCG; None where nothing is held out."""
    if held_out is None:
        return {"retrieval": None, "retrieval_popularity": None}
    with SavedModel(saved_model) as model:
        vectors = Vectors.read(model, held_out.catalogue.vocabularies)
    return {
        "retrieval": _said(measure(vectors.scores, held_out), RETRIEVED),
        "retrieval_popularity": _said(judge(popular_lists(held_out), held_out), RETRIEVED),
    }


def recommender_quality(saved_model: str, held_out: HeldOut | None) -> dict[str, dict | None]:
    """`recommender`: users, and recall and NDCG of its `recommend` at 10, what was seen left out."""
    if held_out is None:
        return {"recommender": None}
    with SavedModel(saved_model) as model:
        lists = recommended(model, held_out, k=10)
    return {"recommender": _said(judge(lists, held_out, ks=(10,)), RECOMMENDED)}


def recommended(model: SavedModel, held_out: HeldOut, k: int) -> np.ndarray:
    """Film ids, int32 [U, k], best first, -1 where the model gives none."""
    vocabularies = held_out.catalogue.vocabularies
    lists = np.full((len(held_out.users), k), NOTHING, np.int32)
    for start in range(0, len(lists), BLOCK):
        names = [vocabularies.user_id[row - 1] for row in held_out.users[start : start + BLOCK]]
        films = model.ask("recommend", user_id=names, k=k, exclude_seen=True)[MOVIE_ID]
        known = ids(vocabularies.movie_id, [film.decode() for film in films.ravel()]).reshape(films.shape)
        lists[start : start + BLOCK, : films.shape[1]] = np.where(known > 0, known, NOTHING)
    return lists


def _said(quality: Quality, names: tuple[str, ...]) -> dict[str, float]:
    means = quality.means()
    return {"users": len(quality.held_out.users), **{name: means[name] for name in names}}
