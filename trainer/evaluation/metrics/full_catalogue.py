"""Exact ranking metrics over the whole catalogue: one selection per user serves every k.

The positives are looked up in the sorted list itself, so each is scored once, as one of the candidates. If
positives and candidates are scored by different arithmetic (TFRS's FactorizedTopK), a positive can lose to
itself by rounding.
"""

from collections.abc import Callable, Sequence

import numpy as np

from trainer.data.catalogue import Ragged
from trainer.evaluation.metrics.top_k import BLOCK, NOTHING, entries, ranked_lists

KS = (10, 20, 50, 100)


def full_catalogue_metrics(
    scores: Callable[[np.ndarray], np.ndarray],
    users: np.ndarray,
    positives: Ragged,
    seen: Ragged | None = None,
    ks: Sequence[int] = KS,
    block: int = BLOCK,
) -> dict[str, np.ndarray]:
    """Ranks the catalogue for each user and measures the lists: `ranked_lists`, then `list_metrics`.

    Args:
        scores: a function from user rows, int32 [B], to the scores of all items, float32 [B, M]; item 0 is
            the OOV item.
        users: int32 [U], user rows.
        positives: the positive item ids by user row.
        seen: item ids by user row that are not candidates.
        ks: the cutoffs of the metrics.
        block: the number of users that are scored at once.

    Returns:
        The metrics of `list_metrics`.

    Raises:
        TrainingError: a score is NaN.
    """
    return list_metrics(ranked_lists(scores, users, max(ks), seen, block), users, positives, seen, ks)


def list_metrics(
    lists: np.ndarray,
    users: np.ndarray,
    positives: Ragged,
    seen: Ragged | None = None,
    ks: Sequence[int] = KS,
) -> dict[str, np.ndarray]:
    """Computes the metrics of each user's list; P is the set of the user's positives, ranks start at 1.

    | `recall@k`    | how many of P are in the first k, over the size of P |
    | `precision@k` | the same over k |
    | `hit_rate@k`  | 1 where at least one of P is in the first k |
    | `mrr@k`       | 1 / the rank of the first of P, 0 where it is not in the first k |
    | `map@k`       | the mean of precision@rank over P's ranks in the first k, over min(k, size of P) |
    | `ndcg@k`      | the sum of 1 / log2(1 + rank), over its value were P in front; gains are binary |

    The definitions are those of Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques"
    (2002) for NDCG, and of Manning, Raghavan and Schütze, "Introduction to Information Retrieval" (2008),
    chapter 8, for the others, cut at k as in RecBole.

    A positive that the user has seen does not count, since it was not a candidate. A positive with id 0, a
    film that train does not know, counts and is always missed. Repeated positives count once.

    Args:
        lists: int32 [U, K], best first, NOTHING (-1) for no item. A k greater than K uses the whole list.
        users, positives, seen, ks: as in `full_catalogue_metrics`.

    Returns:
        float64 [U] by name. All metrics of a user without positives are NaN: use `np.nanmean`.
    """
    wanted, sizes = _wanted(users, positives, seen)
    lists, longest = lists[:, : max(ks)], max(ks)
    hits = np.zeros((len(lists), longest))
    found_here = np.isin(_keys(np.arange(len(lists))[:, None], lists), wanted)
    hits[:, : lists.shape[1]] = found_here & (lists != NOTHING)
    ranks = np.arange(1, longest + 1)
    found, discount = hits.cumsum(axis=1), 1 / np.log2(1 + ranks)
    precisions = (hits * found / ranks).cumsum(axis=1)
    gains, ideal = (hits * discount).cumsum(axis=1), discount.cumsum()
    first = (hits * (found == 1) / ranks).cumsum(axis=1)
    size = np.where(sizes > 0, sizes, np.nan)  # without positives all metrics are NaN
    metrics: dict[str, np.ndarray] = {}
    for k in ks:
        at, possible = k - 1, np.minimum(np.maximum(sizes, 1), k)
        metrics |= {
            f"recall@{k}": found[:, at] / size,
            f"ndcg@{k}": gains[:, at] / ideal[possible - 1],
            f"map@{k}": precisions[:, at] / possible,
            f"mrr@{k}": first[:, at],
            f"hit_rate@{k}": (found[:, at] > 0).astype(np.float64),
            f"precision@{k}": found[:, at] / k,
        }
    return {name: np.where(np.isnan(size), np.nan, values) for name, values in metrics.items()}


def _wanted(users: np.ndarray, positives: Ragged, seen: Ragged | None) -> tuple[np.ndarray, np.ndarray]:
    """Returns (keys of the positives that can be found, the number of positives of each user)."""
    places, items = entries(positives, users)
    unknown = np.bincount(places[items == 0], minlength=len(users))
    keys = np.unique(_keys(places[items > 0], items[items > 0]))
    if seen is not None:
        keys = np.setdiff1d(keys, _keys(*entries(seen, users)))
    return keys, unknown + np.bincount(keys >> 32, minlength=len(users))


def _keys(places: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Returns one int64 key for each pair of a user's index and an item."""
    return np.asarray(places, np.int64) << 32 | (np.asarray(items, np.int64) & 0xFFFFFFFF)
