"""Lists of ids, one per row, in two arrays."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Ragged:
    """Lists of ids, one per row: row r is `values[splits[r]:splits[r + 1]]` (int32, int64).

    Attributes:
        values, splits: the ids of all rows, and where each row begins and ends.
        weights: float32 [values], the weight of each id in its row; None: all are alike.
    """

    values: np.ndarray
    splits: np.ndarray
    weights: np.ndarray | None = None

    def __getitem__(self, row: int) -> np.ndarray:
        return self.values[self.splits[row] : self.splits[row + 1]]

    def __len__(self) -> int:
        return len(self.splits) - 1

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.splits)

    @property
    def owners(self) -> np.ndarray:
        """Returns the row of each value, int64 [values]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def of(self, rows: np.ndarray) -> "Ragged":
        """Returns the given rows, in the given order."""
        lengths = self.lengths[rows]
        splits = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(splits[-1]) - np.repeat(splits[:-1], lengths)
        places = np.repeat(self.splits[rows], lengths) + within
        return Ragged(self.values[places], splits, None if self.weights is None else self.weights[places])

    def latest(self, limit: int) -> "Ragged":
        """Returns the last `limit` ids of each row; shorter rows as they are."""
        lengths = np.minimum(self.lengths, limit)
        if len(self.values) == lengths.sum():
            return self
        splits = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.arange(splits[-1]) + np.repeat(self.splits[1:] - splits[1:], lengths)
        return Ragged(self.values[places], splits, None if self.weights is None else self.weights[places])

    @classmethod
    def sets(cls, owners: np.ndarray, members: np.ndarray, rows: int) -> "Ragged":
        """Groups members by owner, each once and in ascending order; `owners`, `members`: int [N]."""
        pairs = np.unique(np.asarray(owners, np.int64) << 32 | np.asarray(members, np.int64))
        splits = np.concatenate([[0], np.cumsum(np.bincount(pairs >> 32, minlength=rows))])
        return cls((pairs & 0xFFFFFFFF).astype(np.int32), splits.astype(np.int64))
