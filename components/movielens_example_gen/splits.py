"""Assignment of the ratings to splits, for all ratings at once.

The answer is one int8 a row: the place of its split in `trainer.data.features.SPLITS`, or DROPPED.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from components.movielens_example_gen import config
from marquee.errors import DataError
from trainer.data.features import EVAL, SPLITS, TEST, TRAIN

TRAIN_CODE, EVAL_CODE, TEST_CODE = (SPLITS.index(name) for name in (TRAIN, EVAL, TEST))
DROPPED = -1

# The columns that a kind of split must see; `random` only needs to know how many rows there are.
NEEDS = {
    "random": (),
    "hash": ("lot",),
    "temporal": ("timestamp",),
    "leave_last_out": ("user", "movie", "timestamp"),
    "per_item": ("movie",),
    "predefined": (),
    "user_holdout": ("user",),
    "newest_span": ("lot",),
}
# The kinds that decide of each row by itself, so that two of one user and movie could be parted.
# `survey` gives them the split of the first. Time decides for the others, or the user, or a hash of the two.
ROW_BY_ROW = ("random", "per_item", "predefined")


@dataclass(frozen=True)
class Rows:
    """The columns that a split may use, in file order.

    Attributes:
        count: how many rows there are.
        user, movie: int32[count], numbered from 0 by first appearance; None if not needed.
        timestamp: int64[count], seconds; None if not needed.
        in_test_file: bool[count], for a predefined split.
        lot: float64[count], 0 to 1: a hash of the user's and the movie's id; None if not needed.
        span: int32[count], the number of each one's span; None where there are none.
    """

    count: int
    user: np.ndarray | None = None
    movie: np.ndarray | None = None
    timestamp: np.ndarray | None = None
    in_test_file: np.ndarray | None = None
    lot: np.ndarray | None = None
    span: np.ndarray | None = None

    def where(self, kept: np.ndarray) -> "Rows":
        """Returns the kept rows."""
        columns = (self.user, self.movie, self.timestamp, self.in_test_file, self.lot, self.span)
        return Rows(int(kept.sum()), *(None if column is None else column[kept] for column in columns))


def assign(split: config.Split, rows: Rows) -> np.ndarray:
    """Returns the split of every row, int8[rows.count].

    Raises:
        DataError: a split would be empty.
    """
    codes = _BY_KIND[split.kind](split, rows).astype(np.int8)
    check_sizes(np.bincount(codes, minlength=len(SPLITS)), split)
    return codes


def by_hash(split: config.HashSplit | config.NewestSpanSplit, lot: np.ndarray) -> np.ndarray:
    """Returns the split of rows by their lots (see Rows), int8."""
    codes = np.full(len(lot), TRAIN_CODE, np.int8)
    codes[lot < round(split.eval + split.test, 12)] = TEST_CODE  # 0.3, not 0.1 + 0.2 = 0.30000000000000004
    codes[lot < split.eval] = EVAL_CODE
    return codes


def check_sizes(sizes, split: config.Split) -> None:
    """Raises DataError if a split has no rows."""
    empty = [name for name, size in zip(SPLITS, sizes, strict=True) if not size]
    if empty:
        counts = ", ".join(f"{name} {size:,}" for name, size in zip(SPLITS, sizes, strict=True))
        raise DataError(
            f"The {split.kind} split leaves {' and '.join(empty)} without a rating ({counts}).",
            "Change data.split: larger fractions, or another kind.",
        )


def _cut(n: int, split) -> tuple[int, int]:
    """Returns the indices at which eval and test start among n ordered rows."""
    test, evaluation = round(n * split.test), round(n * split.eval)
    return n - test - evaluation, n - test


def _shares(split) -> tuple[float, float]:
    """Where eval and test start, as shares of the whole: 0.6, not 1 - 0.2 - 0.2 = 0.6000000000000001."""
    return round(1 - split.eval - split.test, 12), round(1 - split.test, 12)


def _cut_permutation(order: np.ndarray, starts: tuple[int, int]) -> np.ndarray:
    codes = np.full(len(order), TRAIN_CODE, np.int8)
    codes[order[starts[0] : starts[1]]] = EVAL_CODE
    codes[order[starts[1] :]] = TEST_CODE
    return codes


def _needed(column: np.ndarray | None) -> np.ndarray:
    """A column that the kind of split looks at."""
    assert column is not None  # the caller has read the columns that the split needs
    return column


def _random(split: config.RandomSplit, rows: Rows) -> np.ndarray:
    order = np.random.RandomState(split.seed).permutation(rows.count)
    return _cut_permutation(order, _cut(rows.count, split))


def _temporal(split: config.TemporalSplit, rows: Rows) -> np.ndarray:
    times = _needed(rows.timestamp)
    if not rows.count or times.min() == times.max():
        raise DataError(
            "A temporal split of ratings that all have the same time, or none.",
            "Use data.split.kind: random.",
        )
    first, last = int(times.min()), int(times.max())
    starts = [first + (last - first) * share for share in _shares(split)]
    return np.searchsorted(starts, times, side="right")


def _leave_last_out(split: config.LeaveLastOutSplit, rows: Rows) -> np.ndarray:
    """A user's films by the last rating of each: copies of a rating stay on the side of the last of them."""
    # lexsort is stable: rows of one user and time stay in the file's order.
    user = _needed(rows.user)
    order = np.lexsort((_needed(rows.timestamp), user))
    pairs, pair = np.unique(user.astype(np.int64) << 32 | _needed(rows.movie), return_inverse=True)
    last = np.zeros(len(pairs), np.int64)
    last[pair[order]] = np.arange(len(order))  # of copies, the last one's place is what stays written
    films = order[np.sort(last)]
    sizes = np.bincount(user[films])
    ends = np.cumsum(sizes)[sizes >= 3]
    codes = np.full(len(pairs), TRAIN_CODE, np.int8)
    codes[pair[films[ends - 1]]] = TEST_CODE
    codes[pair[films[ends - 2]]] = EVAL_CODE
    return codes[pair]


def _per_item(split: config.PerItemSplit, rows: Rows) -> np.ndarray:
    movie = _needed(rows.movie)
    order = np.argsort(movie, kind="stable")
    sizes = np.bincount(movie)
    codes_of_size: dict[int, np.ndarray] = {}  # every movie with n ratings is cut the same way
    for size in np.unique(sizes):
        starts = tuple(round(share * size) for share in _shares(split))
        shuffled = np.random.RandomState(split.seed).permutation(size)
        codes_of_size[size] = _cut_permutation(shuffled, starts)
    codes = np.empty(rows.count, np.int8)
    codes[order] = np.concatenate([codes_of_size[size] for size in sizes]) if rows.count else []
    return codes


def _predefined(split: config.PredefinedSplit, rows: Rows) -> np.ndarray:
    codes = np.full(rows.count, TEST_CODE, np.int8)
    to_learn_from = np.flatnonzero(~_needed(rows.in_test_file))
    order = np.random.RandomState(split.seed).permutation(to_learn_from)
    first_of_eval = len(order) - round(len(order) * split.eval)
    codes[order[:first_of_eval]] = TRAIN_CODE
    codes[order[first_of_eval:]] = EVAL_CODE
    return codes


def _user_holdout(split: config.UserHoldoutSplit, rows: Rows) -> np.ndarray:
    user = _needed(rows.user)
    users = int(user.max()) + 1 if rows.count else 0
    order = np.random.RandomState(split.seed).permutation(users)
    return _cut_permutation(order, _cut(users, split))[user]


def _hash(split: config.HashSplit, rows: Rows) -> np.ndarray:
    return by_hash(split, _needed(rows.lot))


def _newest_span(split: config.NewestSpanSplit, rows: Rows) -> np.ndarray:
    span = _needed(rows.span)
    newest = span == span.max(initial=0)
    return np.where(newest, by_hash(split, _needed(rows.lot)), TRAIN_CODE)


_BY_KIND: dict[str, Callable[..., np.ndarray]] = {
    "random": _random,
    "hash": _hash,
    "temporal": _temporal,
    "leave_last_out": _leave_last_out,
    "per_item": _per_item,
    "predefined": _predefined,
    "user_holdout": _user_holdout,
    "newest_span": _newest_span,
}
