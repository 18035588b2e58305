"""A record of the ratings that a model was trained on, which detects leaks into held-out ratings."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np

from trainer.data.columns import Columns
from trainer.data.description import Description
from trainer.data.examples import example_batches, expand
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.pairs.pair_hash import id_hashes, mixed, pair_hashes
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies

FILE = "trained_on.npz"
LIMIT = 1 << 20  # the largest number of hashes that are kept: 8 MB

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TrainedOn:
    """A sample of the (user, item) pairs that a model was trained on, including those of its warm start.

    A pair is in the sample if the lowest `level` bits of its hash (`trainer.data.pairs.pair_hash`) are zero:
    all pairs at level 0, half of them at level 1. So the sample of a higher level is a subset of that of a
    lower one. The upper bits of the hash, by which splits are drawn, are independent of the lowest.

    Attributes:
        pairs: the distinct hashes, uint64, ascending; at most LIMIT.
        level: the number of lowest bits that are zero in each hash.
        complete: False if a model in the chain of warm starts has no record, so that pairs may be missing.
    """

    pairs: np.ndarray
    level: int = 0
    complete: bool = True

    @classmethod
    def of(cls, pairs: np.ndarray, limit: int = LIMIT) -> Self:
        """Returns the record of a model that was trained on these rows, uint64 [rows], in any order."""
        return cls._thinned(pairs, 0, True, limit)

    @classmethod
    def of_ratings(cls, train: Ratings, vocabularies: Vocabularies) -> Self:
        """Returns the record of a model that was trained on `train`."""
        known = (train.user > 0) & (train.movie > 0)  # 0: an id that is not in the vocabulary
        users, items = id_hashes(vocabularies.user_id), id_hashes(vocabularies.movie_id)
        return cls.of(mixed(users[train.user[known] - 1], items[train.movie[known] - 1]))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the file that `write` wrote; if it is missing or unreadable, the record is not `complete`."""
        path = folder / FILE
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(arrays["pairs"], int(arrays["level"]), bool(arrays["complete"]))
        except FileNotFoundError:
            pass  # a model of an older version has no record
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            log.warning("What the model was trained on cannot be read from %s: %s", path, error)
        return cls(np.empty(0, np.uint64), 0, complete=False)

    def write(self, folder: Path) -> None:
        """Writes `trained_on.npz` atomically."""
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{FILE}.part"
        with part.open("wb") as file:
            np.savez(file, pairs=self.pairs, level=self.level, complete=self.complete)
        os.replace(part, folder / FILE)

    def union(self, other: "TrainedOn", limit: int = LIMIT) -> "TrainedOn":
        """Returns the record of a model that was trained on both, for example by a warm start."""
        level = max(self.level, other.level)
        pairs = np.concatenate([_at(self.pairs, level), _at(other.pairs, level)])
        return self._thinned(pairs, level, self.complete and other.complete, limit)

    def overlap(self, rows: "np.ndarray | TrainedOn") -> float:
        """Returns the share of `rows` that the model was trained on, 0 to 1.

        It is exact if both are at level 0, otherwise an estimate from the rows in the sample; 0 if there are
        none.

        Args:
            rows: the rows' hashes (`rating_pairs`, `pair_hashes`), uint64, where repeated ones count each
                time; or another model's record.
        """
        other = rows if isinstance(rows, TrainedOn) else TrainedOn(rows)
        level = max(self.level, other.level)
        asked, known = _at(other.pairs, level), _at(self.pairs, level)
        if not len(asked) or not len(known):
            return 0.0
        places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        return float(np.mean(known[places] == asked))

    def unlearned(self, rows: np.ndarray) -> np.ndarray:
        """Returns the rows in the sample that the model was not trained on; hashes as in `overlap`."""
        asked = _at(rows, self.level)
        return asked[~np.isin(asked, self.pairs)]

    @classmethod
    def _thinned(cls, pairs: np.ndarray, level: int, complete: bool, limit: int) -> Self:
        pairs = np.unique(pairs)
        while len(pairs) > limit:
            level += 1
            pairs = _at(pairs, level)
        return cls(pairs, level, complete)


def rating_pairs(patterns: Sequence[str], description: Description | None = None) -> np.ndarray:
    """Returns the hash of each rating's (user, item) in gzipped TFRecord files of tf.Examples: uint64 [rows].

    Args:
        patterns: glob patterns of the files, such as those of `eval`.
        description: of the data; None: it has MovieLens's names.

    Raises:
        TrainingError: a pattern matches no file.
    """
    columns = Columns.beside(patterns)
    if columns is not None:
        return mixed(*(id_hashes(ids.distinct)[ids.codes] for ids in (columns.user, columns.movie)))
    batches = example_batches(expand(patterns), (USER_ID, MOVIE_ID), description=description)
    hashed = [pair_hashes(batch[USER_ID], batch[MOVIE_ID]) for batch in batches.as_numpy_iterator()]
    return np.concatenate([np.empty(0, np.uint64), *hashed])


def _at(pairs: np.ndarray, level: int) -> np.ndarray:
    return pairs[(pairs & np.uint64((1 << level) - 1)) == 0]
