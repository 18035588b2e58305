"""The baseline that knows nobody: everyone is shown the most rated films that they have not watched."""

import numpy as np

from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.metrics.top_k import BLOCK, NOTHING, entries
from trainer.evaluation.quality import LONGEST


def popular_lists(
    held_out: HeldOut, k: int = LONGEST, block: int = BLOCK, popularity: np.ndarray | None = None
) -> np.ndarray:
    """The lists that `ranked_lists` would find for train's counts, without sorting them for each user.

    Args:
        held_out: whom the lists are for, and what they watched.
        k: how long they are.
        block: how many users at once.
        popularity: how popular each item is, [movies], in place of its number of ratings in train.

    Returns:
        int32 [U, min(k, films)], best first, of equals the lower id; -1 behind the last film.
    """
    watched = held_out.catalogue.watched
    popularity = held_out.popularity if popularity is None else popularity
    order = 1 + np.argsort(-popularity[1:], kind="stable").astype(np.int32)
    rank = np.argsort(np.concatenate([[0], order]))  # of a film, from 1; 0 is no film
    lists = []
    for start in range(0, len(held_out.users), block):
        users = held_out.users[start : start + block]
        # However much somebody has watched, the k best of the rest are within this window.
        window = min(k + int(watched.lengths[users].max()), len(order))
        places, films = entries(watched, users)
        near = rank[films] <= window
        seen = np.zeros((len(users), window), bool)
        seen[places[near], rank[films[near]] - 1] = True
        first = np.argsort(seen, axis=1, kind="stable")[:, :k]
        lists.append(np.where(np.take_along_axis(seen, first, axis=1), NOTHING, order[first]))
    return np.concatenate(lists).astype(np.int32)
