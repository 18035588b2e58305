"""What the lists do to the catalogue: how much of it they show, how well known it is, and how evenly.

All take `lists`, int32 [U, K] as `ranked_lists` gives them (NOTHING, -1, for no item), look at the first k
of each, and give one number; lists without any item give NaN, except that they cover nothing.
"""

import numpy as np


def catalogue_coverage(lists: np.ndarray, k: int, items: int) -> float:
    """The share of the catalogue that is in at least one list: 0 to 1.

    Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy: evaluating recommender systems by coverage and
    serendipity" (2010).

    Args:
        items: how many items there are, the OOV row not among them.
    """
    return len(np.unique(_shown(lists, k))) / items


def novelty(lists: np.ndarray, k: int, popularity: np.ndarray, users: int) -> float:
    """The mean self-information of the recommended items, in bits: -log2(share of users who rated it).

    Zhou, Kuscsik, Liu, Medo, Wakeling and Zhang, "Solving the apparent diversity-accuracy dilemma of
    recommender systems" (2010). An item that nobody rated counts as rated by one.

    Args:
        popularity: how many users of train rated each item, [M].
        users: how many users train has.
    """
    shares = np.maximum(np.asarray(popularity, np.float64), 1) / users
    return _mean(-np.log2(shares)[_shown(lists, k)])


def mean_popularity(lists: np.ndarray, k: int, popularity: np.ndarray) -> float:
    """Average recommendation popularity: the mean number of train's ratings of the recommended items.

    Yin, Cui, Li, Yao and Chen, "Challenging the long tail recommendation" (2012). Beside the same mean over
    what users chose by themselves it tells how much a model favours what is popular anyway.

    Args:
        popularity: as in `novelty`.
    """
    return _mean(np.asarray(popularity, np.float64)[_shown(lists, k)])


def gini(lists: np.ndarray, k: int, items: int) -> float:
    """How unevenly the items are recommended: 0 where all are equally often, near 1 where one always is.

    Fleder and Hosanagar, "Blockbuster culture's next rise or fall" (2009).

    Args:
        items: as in `catalogue_coverage`; those never recommended count.
    """
    shown = _shown(lists, k)
    if not len(shown):
        return float("nan")
    counts = np.sort(np.bincount(shown, minlength=items + 1)[1:])
    places = np.arange(1, items + 1)
    return float(((2 * places - items - 1) @ counts) / (items * counts.sum()))


def _shown(lists: np.ndarray, k: int) -> np.ndarray:
    """The recommended items of all lists, one after the other."""
    first = lists[:, :k]
    return first[first > 0]


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
