"""Beyond-accuracy metrics: coverage of the catalogue, novelty, popularity and inequality.

All take `lists`, int32 [U, K], as `ranked_lists` returns them (NOTHING, -1, for no item), use the first k of
each, and return one number. Without any item the result is NaN, except for coverage, which is 0.
"""

import numpy as np


def catalogue_coverage(lists: np.ndarray, k: int, items: int) -> float:
    """Returns the share of the catalogue that is in at least one list: 0 to 1.

    Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy: evaluating recommender systems by coverage and
    serendipity" (2010).

    Args:
        items: the number of items, without the OOV row.
    """
    return len(np.unique(_shown(lists, k))) / items


def novelty(lists: np.ndarray, k: int, popularity: np.ndarray, users: int) -> float:
    """Returns the mean self-information of recommended items, in bits: -log2(share of users who rated it).

    Zhou, Kuscsik, Liu, Medo, Wakeling and Zhang, "Solving the apparent diversity-accuracy dilemma of
    recommender systems" (2010). An item that nobody rated counts as rated by one.

    Args:
        popularity: the number of train's users who rated each item, [M].
        users: the number of users in train.
    """
    shares = np.maximum(np.asarray(popularity, np.float64), 1) / users
    return _mean(-np.log2(shares)[_shown(lists, k)])


def mean_popularity(lists: np.ndarray, k: int, popularity: np.ndarray) -> float:
    """Returns the average recommendation popularity: the mean number of train's ratings of the items.

    Yin, Cui, Li, Yao and Chen, "Challenging the long tail recommendation" (2012). Compared with the same mean
    over the items that users chose by themselves, it measures a model's popularity bias.

    Args:
        popularity: as in `novelty`.
    """
    return _mean(np.asarray(popularity, np.float64)[_shown(lists, k)])


def gini(lists: np.ndarray, k: int, items: int) -> float:
    """Returns the Gini index of exposure: 0 if all items are recommended equally often, near 1 if one is.

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
    """Returns the recommended items of all lists, concatenated."""
    first = lists[:, :k]
    return first[first > 0]


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
