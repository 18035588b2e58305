"""Values of one feature for all users, or all items, in the form that models gather from."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from trainer.data.tables.ragged import Ragged

UNKNOWN = ""  # the key of row 0, if a table of embeddings has an out-of-vocabulary row


@dataclass(frozen=True, eq=False)
class OneOf:
    """One category per row: a word, or the bin of a number.

    Attributes:
        ids: int32 [rows]; 0: unknown.
        keys: the key of each category, in the order of the ids; that of 0 is UNKNOWN.
    """

    ids: np.ndarray
    keys: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Tells whether any row has a value."""
        return bool(self.ids.any())

    @property
    def size(self) -> int:
        """Returns the number of weights by which `weights` describes a row."""
        return len(self.keys)

    def weights(self) -> np.ndarray:
        """Returns a 1 in each row's category, float32 [rows, categories]."""
        return np.eye(len(self.keys), dtype=np.float32)[self.ids]


@dataclass(frozen=True, eq=False)
class SetOf:
    """Any number of words per row; rows without words are unknown.

    Attributes:
        words: the places of each row's words in `keys`, ascending, int32.
        keys: the words.
    """

    words: Ragged
    keys: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Tells whether any row has a value."""
        return bool(len(self.words.values))

    @property
    def size(self) -> int:
        """Returns the number of weights by which `weights` describes a row."""
        return len(self.keys)

    def members(self) -> np.ndarray:
        """Returns whether each row has each word, bool [rows, words]."""
        members = np.zeros((len(self.words), len(self.keys)), bool)
        members[self.words.owners, self.words.values] = True
        return members

    def weights(self) -> np.ndarray:
        """Returns 1 / √(number of words) for each word that a row has: float32 [rows, words]."""
        members = self.members().astype(np.float32)
        return members / np.sqrt(np.maximum(members.sum(axis=1, keepdims=True), 1))

    def text(self, row: int) -> list[str]:
        """Returns a row's words."""
        return [self.keys[word] for word in self.words[row]]


@dataclass(frozen=True, eq=False)
class VectorOf:
    """A vector per row, float32 [rows, length]; zeros for an unknown one."""

    vectors: np.ndarray

    @property
    def known(self) -> bool:
        """Tells whether any row has a value."""
        return bool(self.vectors.any())

    @property
    def size(self) -> int:
        """Returns the length of the vectors."""
        return self.vectors.shape[1]

    @property
    def keys(self) -> tuple[str, ...]:
        """Returns the place of each number, which is all that it is known by."""
        return tuple(map(str, range(self.size)))

    def weights(self) -> np.ndarray:
        """Returns the vectors."""
        return self.vectors


Table: TypeAlias = OneOf | SetOf | VectorOf
