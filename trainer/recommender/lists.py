"""The lists that an exported recommender gives to the users of a held-out split."""

import numpy as np

from trainer.features import MOVIE_ID
from trainer.metrics.top_k import NOTHING
from trainer.progress import report
from trainer.retrieval.by_history import ByHistory
from trainer.retrieval.quality import HeldOut
from trainer.saved_model import SavedModel

BLOCK = 256  # users asked about at once: a recommender's memory grows with them


def recommended(model: SavedModel, held_out: HeldOut, k: int, said: str = "") -> np.ndarray:
    """Asks `recommend` for every user of a held-out split, with what was rated in train left out.

    Users whom train does not know are asked for by their histories (`recommend_from_history`).

    The model may have another vocabulary: an item that train does not know keeps its slot and is no item.

    Args:
        model: loaded, with the signature `recommend`.
        held_out: whom to ask for.
        k: how long a list is.
        said: what is reported as progress; nothing where it is empty.

    Returns:
        int32 [U, k], item ids, best first, -1 for no item.
    """
    if not held_out.met:
        return ByHistory(model, "recommend_from_history", held_out).lists(k)
    vocabularies = held_out.catalogue.vocabularies
    known = {film: row for row, film in enumerate(vocabularies.movie_id, start=1)}
    lists = np.full((len(held_out.users), k), NOTHING, np.int32)
    for start in range(0, len(lists), BLOCK):
        if said:
            report(said, start / len(lists))
        names = [vocabularies.user_id[row - 1] for row in held_out.users[start : start + BLOCK]]
        films = model.ask("recommend", user_id=names, k=k, exclude_seen=True)[MOVIE_ID]
        rows = [known.get(film.decode("utf-8", "replace"), NOTHING) for film in films.ravel()]
        lists[start : start + BLOCK, : films.shape[1]] = np.reshape(rows, films.shape)
    return lists
