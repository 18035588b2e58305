"""Raw values of one feature by row, filled from batches of tf.Examples; of a row the first value counts."""

import re
from collections import Counter
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.description import Categories, Category, Number, Text, Time, Vector
from trainer.data.examples import NO_MOMENT
from trainer.data.lookups import string_lookup
from trainer.data.tables.bins import binned
from trainer.data.tables.ragged import Ragged
from trainer.data.tables.table import UNKNOWN, OneOf, SetOf, VectorOf
from trainer.data.tables.words import BUCKETS, words


class WordColumn:
    """One word per row: `ids` int32 [rows], 0 for unknown."""

    def __init__(self, key: str, feature: Category, rows: int, vocabulary: tuple[str, ...]):
        self._feature, self._vocabulary = feature, vocabulary
        self.ids: np.ndarray = np.zeros(rows, np.int32)
        self._lookup = CategoryLookup(feature, vocabulary)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        return self.ids[rows] == 0

    def put(self, rows: np.ndarray, raw: tf.Tensor) -> None:
        self.ids[rows] = self._lookup(raw)

    def take(self, source: "WordColumn", rows: np.ndarray) -> None:
        self.ids = source.ids[rows]

    def table(self) -> OneOf:
        return OneOf(self.ids, self._lookup.keys)


class CategoryLookup:
    """Conversion of raw words to ids, also inside a graph: 0 for an unknown or empty one.

    Attributes:
        keys: the key of each id.
        tables: the string tables, which an export must track explicitly.
    """

    def __init__(self, feature: Category, vocabulary: tuple[str, ...]):
        self._feature = feature
        self._known = string_lookup(vocabulary)
        self.tables = (self._known,)
        cut = feature.values is None and len(vocabulary) >= feature.limit
        self._buckets = min(BUCKETS, len(vocabulary)) if cut else 0
        # No word holds a record separator.
        hashed = (f"\x1e{bucket}" for bucket in range(self._buckets))
        self.keys = (UNKNOWN, *vocabulary, *hashed)

    def __call__(self, raw: tf.Tensor) -> tf.Tensor:
        """Returns int32 of the shape of `raw`, string."""
        word = words(self._feature, raw)
        ids = tf.cast(self._known(word), tf.int32)
        if not self._buckets:
            return ids
        hashed = tf.strings.to_hash_bucket_fast(word, self._buckets)
        first = len(self.keys) - self._buckets
        rare = (ids == 0) & (word != UNKNOWN)
        return tf.where(rare, first + tf.cast(hashed, tf.int32), ids)


class SetColumn:
    """Any number of words per row.

    Args:
        key: the feature's key.
        feature: Categories or Text.
        rows: the number of rows.
        vocabulary: the words.
    """

    def __init__(self, key: str, feature: Categories | Text, rows: int, vocabulary: tuple[str, ...]):
        self._feature, self._vocabulary, self._rows = feature, vocabulary, rows
        self._lookup = string_lookup(vocabulary)
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        self._has: np.ndarray = np.zeros(rows, bool)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        return ~self._has[rows]

    def put(self, rows: np.ndarray, raw: tf.Tensor) -> None:
        found = words(self._feature, raw)
        ids = self._lookup(found.values).numpy()
        owners = np.repeat(rows, found.row_lengths().numpy())[ids > 0]
        self._has[owners] = True
        self._parts.append((owners, ids[ids > 0] - 1))

    def take(self, source: "SetColumn", rows: np.ndarray) -> None:
        kept = source.sets().of(rows)
        self._parts, self._has = [(kept.owners, kept.values)], kept.lengths > 0

    def sets(self) -> Ragged:
        """Returns each row's words as places in the vocabulary."""
        owners, members = (
            (np.concatenate([np.empty(0, np.int64), *part]) for part in zip(*self._parts, strict=True))
            if self._parts
            else (np.empty(0, np.int64),) * 2
        )
        return Ragged.sets(owners, members, self._rows)

    def table(self) -> SetOf:
        found = self.sets()
        return (
            shared(found, self._vocabulary)
            if isinstance(self._feature, Text)
            else SetOf(found, self._vocabulary)
        )


class NumberColumn:
    """One number per row: `values` float64 [rows], NaN for unknown; a Time's are seconds since 1970."""

    def __init__(self, key: str, feature: Number | Time, rows: int, vocabulary: tuple[str, ...] = ()):
        self._key, self._feature = key, feature
        self.values: np.ndarray = np.full(rows, np.nan)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        return np.isnan(self.values[rows])

    def put(self, rows: np.ndarray, raw: tf.Tensor) -> None:
        raw = np.asarray(raw)
        values = raw.astype(np.float64)
        if isinstance(self._feature, Time):
            values[raw == NO_MOMENT] = np.nan
        values[~np.isfinite(values)] = np.nan
        self.values[rows] = values

    def take(self, source: "NumberColumn", rows: np.ndarray) -> None:
        self.values = source.values[rows]

    def table(self) -> OneOf:
        return binned(self._key, self._feature, self.values)


class VectorColumn:
    """One vector per row: `vectors` float32 [rows, length], zeros for unknown."""

    def __init__(self, key: str, feature: Vector, rows: int, vocabulary: tuple[str, ...] = ()):
        self._key, self._length = key, feature.length
        self.vectors: np.ndarray = np.zeros((rows, feature.length), np.float32)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        return ~self.vectors[rows].any(axis=1)

    def put(self, rows: np.ndarray, raw: tf.RaggedTensor) -> None:
        lengths = raw.row_lengths().numpy()
        odd = lengths[(lengths > 0) & (lengths != self._length)]
        if len(odd):
            raise TrainingError(
                f"{self._key}: a vector of {odd[0]} numbers; the description says {self._length}.",
                "Correct the length in the description, or the data.",
            )
        there = lengths > 0
        self.vectors[rows[there]] = raw.values.numpy().reshape(-1, self._length)

    def take(self, source: "VectorColumn", rows: np.ndarray) -> None:
        self.vectors = source.vectors[rows]

    def table(self) -> VectorOf:
        return VectorOf(self.vectors)


Column: TypeAlias = WordColumn | SetColumn | NumberColumn | VectorColumn
_KINDS: dict[type, Any] = {
    Category: WordColumn,
    Categories: SetColumn,
    Text: SetColumn,
    Number: NumberColumn,
    Time: NumberColumn,
    Vector: VectorColumn,
}


def column(key: str, feature: Any, rows: int, vocabulary: tuple[str, ...]) -> Column:
    """Returns the empty column of a feature with its vocabulary, () for one without."""
    return _KINDS[type(feature)](key, feature, rows, vocabulary)


def shared(found: Ragged, vocabulary: tuple[str, ...]) -> SetOf:
    """Returns the words that several rows have: a word of one row would be just a second id of it."""
    kept = np.bincount(found.values, minlength=len(vocabulary)) > 1
    place = np.cumsum(kept) - 1
    there = kept[found.values]
    return SetOf(
        Ragged.sets(found.owners[there], place[found.values[there]], len(found)),
        tuple(word for word, keep in zip(vocabulary, kept, strict=True) if keep),
    )


def titled(key: str, feature: Any, titles: np.ndarray) -> Column:
    """Returns the column of a feature `of: title`, derived from titles, object (str) [rows], by its pattern.

    Raises:
        TrainingError: the type cannot be derived from titles.
    """
    values = [_cell(feature, title) for title in titles]
    if isinstance(feature, Number):
        numbers = NumberColumn(key, feature, len(titles))
        numbers.values = np.array([_number(value) for value in values], np.float64)
        return numbers
    if isinstance(feature, Vector | Time):
        raise TrainingError(
            f"{key}: of: title gives a number, a category, categories or text, not a {feature.type}."
        )
    cells = tf.constant(values, tf.string)
    if isinstance(feature, Categories):
        cells = tf.strings.split(cells, feature.separator)
        cells = tf.ragged.boolean_mask(cells, cells != "")
    if isinstance(feature, Category) and feature.values is not None:
        vocabulary = feature.values
    else:
        vocabulary = _most_frequent(words(feature, cells), feature.limit)
    made = column(key, feature, len(titles), vocabulary)
    made.put(np.arange(len(titles)), cells)
    return made


def _cell(feature: Any, title: str) -> str:
    if feature.pattern is None:
        return title
    found = re.search(feature.pattern, title)
    value = (found[1] if found.re.groups else found[0]) or "" if found else ""
    return "" if value in feature.none else value


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return np.nan


def _most_frequent(found: tf.Tensor, limit: int) -> tuple[str, ...]:
    flat = found.values if isinstance(found, tf.RaggedTensor) else found
    counts = Counter(word.decode("utf-8", "replace") for word in flat.numpy().tolist() if word)
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:limit])
