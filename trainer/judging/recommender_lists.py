"""Lists of an exported recommender for the users of a held-out split."""

import numpy as np

from marquee.progress import report
from trainer.data.features import MOVIE_ID
from trainer.data.ratings import pair_keys
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.metrics.top_k import NOTHING, entries
from trainer.export.saved_model import SavedModel
from trainer.judging.by_history import ByHistory

BLOCK = 256  # users per request: a recommender's memory grows with them


def recommended(model: SavedModel, held_out: HeldOut, k: int, said: str = "") -> np.ndarray:
    """Calls `recommend` for every user of a held-out split, without the items rated in train.

    For users whom train does not know, `recommend_for_history` is called with their histories.

    The model may have another vocabulary: an item that train does not know becomes -1, but keeps its rank.

    Args:
        model: the loaded model, with the signature `recommend`.
        held_out: the users.
        k: the length of the lists.
        said: the text of the progress report; "": no report.

    Returns:
        int32 [U, k], item ids, best first, -1 for no item.
    """
    if not held_out.met:
        return ByHistory(model, "recommend_for_history", held_out).lists(k)
    vocabularies = held_out.catalogue.vocabularies
    known = {film: row for row, film in enumerate(vocabularies.movie_id, start=1)}
    lists = np.full((len(held_out.users), k), NOTHING, np.int32)
    for start in range(0, len(lists), BLOCK):
        if said:
            report(said, start / len(lists))
        found = _not_watched(model, held_out.users[start : start + BLOCK], held_out, known, k)
        lists[start : start + BLOCK, : found.shape[1]] = found
    return lists


def _not_watched(
    model: SavedModel, users: np.ndarray, held_out: HeldOut, known: dict[str, int], k: int
) -> np.ndarray:
    """Returns lists of at most k items without those that train holds, int32 [U, <= k].

    The model itself leaves out the items of its own train split. An older model does not know all of this
    train split: items that users have rated since are not candidates, and would fill its lists with sure
    misses. So enough additional items are requested.
    """
    names = [held_out.catalogue.vocabularies.user_id[row - 1] for row in users]
    watched = held_out.catalogue.watched
    known_films = pair_keys(*entries(watched, users))
    most, width = k + int(watched.lengths[users].max(initial=0)), k
    while True:
        asked = model.ask("recommend", user_id=names, k=width, exclude_seen=True)[MOVIE_ID]
        items = [known.get(film.decode("utf-8", "replace"), NOTHING) for film in asked.ravel()]
        rows = np.reshape(np.array(items, np.int64), asked.shape)
        seen = np.isin(pair_keys(np.arange(len(users))[:, None], rows), known_films)
        enough = (~seen).sum(axis=1).min(initial=k) >= k
        if enough or width >= most or asked.shape[1] < width:
            break
        width = min(4 * width, most)
    order = np.argsort(seen, axis=1, kind="stable")[:, :k]
    kept = np.take_along_axis(rows, order, axis=1)
    return np.where(np.take_along_axis(seen, order, axis=1), NOTHING, kept).astype(np.int32)
