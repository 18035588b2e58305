"""What train says of each context feature: how models read its columns, and what stands for a missing one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from trainer.data.description import Categories, Category, Text, Vector
from trainer.data.tables.bins import binned, edges
from trainer.data.tables.columns import CategoryLookup
from trainer.data.tables.context import ContextLookup, default_number, default_vector
from trainer.data.tables.raw_columns import raw_column
from trainer.data.vocabularies import Vocabularies


@dataclass(frozen=True, eq=False)
class ContextTable:
    """What train says of a category or a number.

    Attributes:
        name: the column's name.
        keys: the keys of its categories or bins; that of 0, unknown, is "".
        known: whether train has any value.
        boundaries: of the bins of a number, float32; None: the column holds ids.
        mean, spread: of a number, to standardize it.
        default: the value of a request that has none: an id, or a number.
    """

    name: str
    keys: tuple[str, ...]
    known: bool
    boundaries: np.ndarray | None
    mean: float
    spread: float
    default: float

    def ids(self, features: Mapping[str, tf.Tensor], like: tf.Tensor) -> tf.Tensor:
        """Returns each row's category or bin, int32 [B]; `like` has a row for each."""
        column = self._column(features, like)
        if self.boundaries is None:
            return tf.cast(column, tf.int32)
        places = 1 + tf.searchsorted(tf.constant(self.boundaries), column, side="right")
        return tf.where(tf.math.is_nan(column), 0, places)

    def standardized(self, features: Mapping[str, tf.Tensor], like: tf.Tensor) -> tf.Tensor:
        """Returns a number with mean 0 and variance 1 in train, float32 [B]; 0 if unknown."""
        column = self._column(features, like)
        scaled = tf.clip_by_value((column - self.mean) / self.spread, -5.0, 5.0)
        return tf.where(tf.math.is_nan(column), 0.0, scaled)

    def _column(self, features: Mapping[str, tf.Tensor], like: tf.Tensor) -> tf.Tensor:
        if self.name in features:
            return features[self.name]
        kind = tf.int32 if self.boundaries is None else tf.float32
        return tf.fill(tf.shape(like), tf.cast(self.default, kind))


@dataclass(frozen=True, eq=False)
class ContextSums:
    """What train says of words or of a vector: a row's part of an embedding is a sum of a table's rows.

    Attributes:
        name: the column's name.
        keys: the words, or the places of a vector's numbers: one for each row of the table.
        known: whether train has any value.
        default: the column of a request that has none: places of words plus one, int32 [n]; or the numbers
            of a vector, float32 [length].
    """

    name: str
    keys: tuple[str, ...]
    known: bool
    default: np.ndarray

    def sums(self, rows: tf.Tensor, features: Mapping[str, tf.Tensor], like: tf.Tensor) -> tf.Tensor:
        """Returns the sum of words' rows / √(number of words), or the product of a vector and the table.

        Args:
            rows: float [keys, width], the trained table.
            features: the columns of a batch.
            like: [B], with a row for each.

        Returns:
            float [B, width].
        """
        column = features.get(self.name)
        if column is None:
            column = tf.repeat(tf.constant(self.default)[None], tf.shape(like)[0], axis=0)
        if column.dtype != tf.int32:
            return tf.linalg.matmul(tf.cast(column, rows.dtype), rows)
        there = tf.cast(column > 0, rows.dtype)
        found = tf.gather(rows, tf.maximum(column - 1, 0)) * there[..., None]
        count = tf.maximum(tf.reduce_sum(there, axis=1, keepdims=True), 1)
        return tf.reduce_sum(found, axis=1) / tf.sqrt(count)


Context: TypeAlias = ContextTable | ContextSums


def context_tables(columns: Mapping[str, np.ndarray], vocabularies: Vocabularies) -> dict[str, Context]:
    """Returns the tables of the context features, by key, from train's columns."""
    found: dict[str, Context] = {}
    lookup = ContextLookup(vocabularies)
    for key, feature in vocabularies.description.context_features.items():
        name, vocabulary = vocabularies.description.name_of(key), vocabularies.of(key)
        column = columns.get(name)
        if isinstance(feature, Vector):
            known = column is not None and bool(column.any())
            places = tuple(map(str, range(feature.length)))
            found[key] = ContextSums(name, places, known, default_vector(feature))
        elif isinstance(feature, Categories | Text):
            nothing = {name: raw_column(feature, [()] if isinstance(feature, Categories) else [""])}
            default = lookup(nothing)[name].numpy()[0]
            known = bool(vocabulary) and column is not None and bool(column.any())
            found[key] = ContextSums(name, vocabulary, known, default)
        elif isinstance(feature, Category):
            words = CategoryLookup(feature, vocabulary)
            default_id = int(words(tf.constant([feature.default or ""]))[0])
            known = column is not None and bool(column.any())
            found[key] = ContextTable(name, words.keys, known, None, 0.0, 1.0, default_id)
        else:
            found[key] = _of_numbers(key, feature, name, column)
    return found


def _of_numbers(key: str, feature, name: str, column: np.ndarray | None) -> ContextTable:
    values = np.full(1, np.nan) if column is None else column.astype(np.float64)
    there = values[np.isfinite(values)]
    return ContextTable(
        name,
        binned(key, feature, values).keys,
        bool(len(there)),
        edges(feature, values).astype(np.float32),
        float(there.mean()) if len(there) else 0.0,
        float(there.std()) or 1.0 if len(there) else 1.0,
        default_number(feature),
    )
