"""The words of items: of every feature but vectors, and of the title, with what each of them says."""

from dataclasses import dataclass

import numpy as np

from trainer.data.catalogue import Catalogue
from trainer.data.tables.ragged import Ragged
from trainer.data.tables.table import OneOf, SetOf
from trainer.data.tables.title_words import title_words


@dataclass(frozen=True, eq=False)
class ItemWords:
    """Which items have which words.

    Attributes:
        words: the places of each item's words, each once.
        information: float64 [words], -log(its share of the items) of each word.
    """

    words: Ragged
    information: np.ndarray

    @classmethod
    def of(cls, catalogue: Catalogue) -> "ItemWords":
        words = _words(catalogue)
        counts = np.bincount(words.values, minlength=1).astype(np.float64)
        return cls(words, np.log(max(len(words) - 1, 1) / np.maximum(counts, 1)))

    @property
    def lengths(self) -> np.ndarray:
        """Returns the root of the summed information of each item's words, float64 [items], above 0."""
        sums = np.bincount(self.words.owners, self.information[self.words.values], len(self.words))
        return np.sqrt(np.maximum(sums, 1e-9))


def _words(catalogue: Catalogue) -> Ragged:
    owners, members, size = [], [], 0
    for key in catalogue.description.item_features:
        table = catalogue.table(key)
        if isinstance(table, OneOf):
            there = np.flatnonzero(table.ids)
            owners.append(there)
            members.append(size + table.ids[there])
        elif isinstance(table, SetOf):
            owners.append(table.words.owners)
            members.append(size + table.words.values)
        size += table.size
    titles = title_words(catalogue.attributes.titles)[0]
    owners.append(titles.owners)
    members.append(size + titles.values)
    return Ragged.sets(np.concatenate(owners), np.concatenate(members), catalogue.movies)
