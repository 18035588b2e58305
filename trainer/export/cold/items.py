"""Items that the items file describes and that nobody has touched, known by the items like them.

A cold item has features and no interactions. Its vector follows from its features
(`trainer.export.cold.vectors`), and its ratings are the weighted mean of those of touched items of like
features. So every kind of model can serve cold items, and none is trained otherwise for their sake.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.examples import example_batches
from trainer.data.features import MOVIE_ID
from trainer.export.cold.vectors import BLOCK, EVIDENCE, cold_vectors
from trainer.export.cold.words import ItemWords

ALIKE = 20  # touched items that stand for a cold one
SHARPNESS = 2.0  # power of the likeness in their weights

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ColdItems:
    """Cold items, as ids behind those of train.

    Attributes:
        catalogue: train's catalogue, followed by the cold items: `movies` counts them too, and nobody has
            watched them.
        first: the first cold id, the number of train's ids (0 included).
        alike: int32 [cold, K], ids of train's items that are like each; 0 where there are fewer.
        weights: float32 [cold, K], what each of them counts; a row sums to 1.
    """

    catalogue: Catalogue
    first: int
    alike: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.alike)

    def vectors(self, table: np.ndarray) -> np.ndarray:
        """Returns the cold items' rows of a table of vectors: float32 [first, d] to [cold, d]."""
        return cold_vectors(self.catalogue, self.first, table, self.mean_of(table))

    def mean_of(self, table: np.ndarray) -> np.ndarray:
        """Returns the weighted means of the rows that stand for the cold items: float32 [cold, d]."""
        blocks = (slice(start, start + BLOCK) for start in range(0, len(self), BLOCK))
        means = [np.einsum("ck,ckd->cd", self.weights[rows], table[self.alike[rows]]) for rows in blocks]
        return np.concatenate([np.empty((0, table.shape[1]), np.float32), *means]).astype(np.float32)


def cold_items(
    catalogue: Catalogue, most_alike: int = ALIKE, sharpness: float = SHARPNESS
) -> ColdItems | None:
    """Returns the described items that train does not know; None if there are none, or nothing is like them.

    Args:
        catalogue: train's; `items` names the files with the described items.
        most_alike: the largest number of train's items that stand for a cold one.
        sharpness: the power of the likeness in their weights.
    """
    files = [file for file in catalogue.items if tf.io.gfile.exists(file)]
    names = _untouched(files, catalogue)
    if not names:
        return None
    whole = extended(catalogue, names, files)
    alike, weights = nearest(whole, catalogue.movies, most_alike, sharpness)
    known = weights[:, 0] > 0
    if not known.all():
        log.warning(
            "%d of %d items that nobody has touched have no feature in common with any other: left out.",
            (~known).sum(),
            len(known),
        )
        names = tuple(name for name, keep in zip(names, known, strict=True) if keep)
        if not names:
            return None
        whole = extended(catalogue, names, files)
    return ColdItems(whole, catalogue.movies, alike[known], weights[known])


def extended(catalogue: Catalogue, names: tuple[str, ...], files: list[str]) -> Catalogue:
    """Returns the catalogue with the described items `names` behind its own, watched by nobody."""
    vocabularies = replace(catalogue.vocabularies, movie_id=(*catalogue.vocabularies.movie_id, *names))
    rows = np.concatenate([np.arange(1, catalogue.movies), np.zeros(len(names), np.int64)])
    attributes = catalogue.attributes.taken(vocabularies, np.arange(1, catalogue.users), rows)
    place = {name.encode(): catalogue.movies + row for row, name in enumerate(names)}
    for raw in example_batches(files, {MOVIE_ID, *attributes.names()}, description=catalogue.description):
        movies = np.array([place.get(name, 0) for name in raw[MOVIE_ID].numpy()], np.int32)
        attributes.update(np.zeros(len(movies), np.int32), movies, raw)
    splits = catalogue.watchers.splits
    splits = np.concatenate([splits, np.full(len(names), splits[-1])])
    watchers = replace(catalogue.watchers, splits=splits)
    return replace(catalogue, vocabularies=vocabularies, attributes=attributes, watchers=watchers)


def nearest(
    whole: Catalogue, first: int, most: int = ALIKE, sharpness: float = SHARPNESS
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the touched items whose features are most like those of each cold one.

    The likeness of two items is the cosine of their words (of every feature but vectors, and of the title),
    each worth the root of its information, -log(its share of the items). An item's weight is its likeness to
    the power of `sharpness`, times n / (n + 10) for n interactions.

    Args:
        whole: the catalogue with the cold items at its end.
        first: the first cold id.
        most: the largest number of items.
        sharpness: the power of the likeness.

    Returns:
        int32 and float32 [cold, most]; 0 and 0 where there are fewer.
    """
    of_items = ItemWords.of(whole)
    words, worth, lengths = of_items.words, of_items.information, of_items.lengths
    order = np.argsort(words.values, kind="stable")
    having, starts = words.owners[order], np.searchsorted(words.values[order], np.arange(len(worth) + 1))
    numbers = whole.watchers.lengths[:first]
    known = numbers / (numbers + EVIDENCE)
    alike = np.zeros((len(words) - first, most), np.int32)
    weights = np.zeros(alike.shape, np.float32)
    for row, item in enumerate(range(first, len(words))):
        likeness = np.zeros(first)
        for word in words[item]:
            owners = having[starts[word] : starts[word + 1]]
            likeness[owners[owners < first]] += worth[word]
        likeness /= lengths[:first] * lengths[item]
        score = likeness**sharpness * known
        best = np.argpartition(-score, min(most, first - 1))[:most]
        best = best[np.argsort(-score[best], kind="stable")]
        best = best[score[best] > 0]
        alike[row, : len(best)] = best
        weights[row, : len(best)] = score[best] / max(score[best].sum(), 1e-30)
    return alike, weights


def _untouched(files: list[str], catalogue: Catalogue) -> tuple[str, ...]:
    """Returns the ids of the described items that train does not know, in the order of the files."""
    known = {name.encode() for name in catalogue.vocabularies.movie_id}
    found = dict.fromkeys(name for name in _ids(files, catalogue) if name and name not in known)
    return tuple(name.decode("utf-8", "replace") for name in found)


def _ids(files: list[str], catalogue: Catalogue) -> Iterator[bytes]:
    if files:
        for raw in example_batches(files, (MOVIE_ID,), description=catalogue.description):
            yield from raw[MOVIE_ID].numpy()
