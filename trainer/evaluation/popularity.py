"""The non-personalized baseline: every user gets the most rated films that they have not watched."""

import numpy as np

from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.metrics.top_k import BLOCK, NOTHING, entries
from trainer.evaluation.quality import LONGEST


def popular_lists(
    held_out: HeldOut, k: int = LONGEST, block: int = BLOCK, popularity: np.ndarray | None = None
) -> np.ndarray:
    """Returns the lists that `ranked_lists` would find for train's counts, without sorting per user.

    Args:
        held_out: the users, and the films that they watched in train.
        k: the length of the lists.
        block: the number of users per block.
        popularity: the popularity of each item, [movies]; None: its number of ratings in train.

    Returns:
        int32 [U, min(k, films)], best first, ties by the lower id, padded with -1.
    """
    watched = held_out.catalogue.watched
    popularity = held_out.popularity if popularity is None else popularity
    order = 1 + np.argsort(-popularity[1:], kind="stable").astype(np.int32)
    rank = np.argsort(np.concatenate([[0], order]))  # the rank of each film, from 1; id 0 is not a film
    lists = []
    for start in range(0, len(held_out.users), block):
        users = held_out.users[start : start + block]
        # The k best unwatched films of every user in the block are within this window.
        window = min(k + int(watched.lengths[users].max()), len(order))
        places, films = entries(watched, users)
        near = rank[films] <= window
        seen = np.zeros((len(users), window), bool)
        seen[places[near], rank[films[near]] - 1] = True
        first = np.argsort(seen, axis=1, kind="stable")[:, :k]
        lists.append(np.where(np.take_along_axis(seen, first, axis=1), NOTHING, order[first]))
    return np.concatenate(lists).astype(np.int32)
