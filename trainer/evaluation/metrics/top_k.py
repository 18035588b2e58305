"""Deterministic top-k selection from a catalogue: ordered by score, ties by item id."""

from collections.abc import Callable

import numpy as np

from marquee.errors import TrainingError
from trainer.data.catalogue import Ragged

NOTHING = -1  # pads a list with fewer than k candidates
BLOCK = 256  # users per block: 60,000 films take 61 MB of scores and 123 MB of keys


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Returns the ids of each row's k highest scores, best first; ties go to the lower id.

    Items with a score of -inf are not candidates: if fewer than k are left, the list is padded with NOTHING
    (-1).

    Args:
        scores: float32 [B, M].
        k: the length of the lists, at least 1; above M it is M.

    Returns:
        int32 [B, min(k, M)].

    Raises:
        TrainingError: a score is NaN, which cannot be ordered.
    """
    scores = np.asarray(scores, np.float32)
    if np.isnan(scores).any():
        row, item = np.argwhere(np.isnan(scores))[0]
        raise TrainingError(
            f"The score of item {item} in row {row} is NaN: the items cannot be ordered.",
            "Look at the training loss: it was probably NaN too. A lower learning rate helps.",
        )
    k = min(k, scores.shape[1])
    found = np.full((len(scores), k), NOTHING, np.int32)
    if not k:
        return found
    kth = np.partition(scores, scores.shape[1] - k, axis=1)[:, -k, None]
    chosen = scores >= kth
    plain = chosen.sum(axis=1) == k  # no other item has the score of the kth
    items = np.nonzero(chosen[plain])[1].reshape(-1, k)
    best = np.take_along_axis(scores[plain], items, axis=1)
    order = np.argsort(-best, axis=1, kind="stable")  # ties: the lower id comes first already
    listed = np.where(best > -np.inf, items, NOTHING)
    found[plain] = np.take_along_axis(listed, order, axis=1)
    if not plain.all():
        found[~plain] = _with_ties(scores[~plain], k)
    return found


def _with_ties(scores: np.ndarray, k: int) -> np.ndarray:
    """Returns what `top_k` returns, several times as slowly, where more than k items reach the kth score."""
    size = scores.shape[1]
    # One integer holds both the score and the id, so no two are equal and a partition is exact.
    best = np.partition(_rising(scores) << 32 | np.arange(size)[::-1], size - k, axis=1)[:, size - k :]
    best.sort(axis=1)
    best = best[:, ::-1]
    items = size - 1 - (best & 0xFFFFFFFF)
    return np.where(best >> 32 > _rising(np.array(-np.inf, np.float32)), items, NOTHING).astype(np.int32)


def ranked_lists(
    scores: Callable[[np.ndarray], np.ndarray],
    users: np.ndarray,
    k: int,
    seen: Ragged | None = None,
    block: int = BLOCK,
) -> np.ndarray:
    """Returns each user's top k items of the whole catalogue, best first, computed in blocks of users.

    Item 0, the OOV row, is never a candidate, and neither are the items that the user has `seen`.

    Args:
        scores: a function from user rows, int32 [B], to the scores of all items, float32 [B, M].
        users: int32 [U], user rows.
        k: as in `top_k`.
        seen: item ids by user row.
        block: the number of users that are scored at once.

    Returns:
        int32 [U, min(k, M)], padded with NOTHING (-1) after the last candidate.

    Raises:
        TrainingError: as `top_k`.
    """
    lists = [np.empty((0, k), np.int32)] if not len(users) else []
    for start in range(0, len(users), block):
        rows = users[start : start + block]
        masked = np.array(scores(rows), np.float32)  # a copy: the caller's array stays as it is
        masked[:, 0] = -np.inf
        if seen is not None:
            masked[entries(seen, rows)] = -np.inf
        lists.append(top_k(masked, k))
    return np.concatenate(lists)


def entries(ragged: Ragged, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Concatenates the chosen rows: (index into `rows`, value), each int64 [the sum of their lengths]."""
    lengths = ragged.lengths[rows]
    ends = np.cumsum(lengths)
    places = np.repeat(np.arange(len(rows)), lengths)
    within = np.arange(len(places)) - np.repeat(ends - lengths, lengths)
    return places, ragged.values[np.repeat(ragged.splits[:-1][rows], lengths) + within].astype(np.int64)


def _rising(scores: np.ndarray) -> np.ndarray:
    """Maps floats to int64 of the same order: negative floats' bits are reversed in order; -0.0 is 0.0."""
    bits = (scores + np.float32(0)).view(np.int32).astype(np.int64)
    return bits ^ ((bits >> 63) & 0x7FFFFFFF)
