"""Context: features of each rating that are known when a request is made, such as a device."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.data.description import Category, Description, Time
from trainer.data.examples import NO_MOMENT
from trainer.data.tables.bins import binned, edges
from trainer.data.tables.columns import CategoryLookup
from trainer.data.vocabularies import Vocabularies

#: Types of context features that models learn from.
LEARNED = ("category", "number", "time")


def learned_context(description: Description) -> dict[str, Any]:
    """Returns the context features that models can learn from, by key."""
    return {key: description.context_features[key] for key in description.select("context", *LEARNED)}


class ContextLookup:
    """Conversion of raw context to the columns that models read, also inside a graph.

    A category becomes int32 ids, a number or a time float32 (seconds since 1970, NaN if unknown); what is
    missing is the feature's default. Columns have their names in tf.Examples.

    Attributes:
        tables: the string tables, which an export must track explicitly.
    """

    def __init__(self, vocabularies: Vocabularies):
        self._description = vocabularies.description
        self._features = learned_context(self._description)
        self._lookups = {
            key: CategoryLookup(feature, vocabularies.of(key))
            for key, feature in self._features.items()
            if isinstance(feature, Category)
        }
        self.tables = tuple(table for lookup in self._lookups.values() for table in lookup.tables)

    def names(self) -> tuple[str, ...]:
        """Returns the columns' names."""
        return tuple(map(self._description.name_of, self._features))

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Converts the columns that are there, [B] each."""
        found = {}
        for key, feature in self._features.items():
            name = self._description.name_of(key)
            if name not in raw:
                continue
            if isinstance(feature, Category):
                given = tf.where(raw[name] == "", feature.default or "", raw[name])
                found[name] = self._lookups[key](given)
            else:
                missing = raw[name] == NO_MOMENT if isinstance(feature, Time) else tf.math.is_nan(raw[name])
                found[name] = tf.where(missing, _default(feature), tf.cast(raw[name], tf.float32))
        return found


def _default(feature: Any) -> float:
    default = getattr(feature, "default", None)
    return float("nan") if default is None else float(default)


@dataclass(frozen=True, eq=False)
class ContextTable:
    """What train says of a context feature.

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


def context_tables(columns: Mapping[str, np.ndarray], vocabularies: Vocabularies) -> dict[str, ContextTable]:
    """Returns the tables of the context features, by key, from train's columns."""
    found = {}
    for key, feature in learned_context(vocabularies.description).items():
        name = vocabularies.description.name_of(key)
        if isinstance(feature, Category):
            lookup = CategoryLookup(feature, vocabularies.of(key))
            column = columns.get(name, np.zeros(0, np.int32))
            default = int(lookup(tf.constant([feature.default or ""]))[0])
            found[key] = ContextTable(name, lookup.keys, bool(column.any()), None, 0.0, 1.0, default)
        else:
            column = columns.get(name, np.full(1, np.nan, np.float32)).astype(np.float64)
            there = column[np.isfinite(column)]
            found[key] = ContextTable(
                name,
                binned(key, feature, column).keys,
                bool(len(there)),
                edges(feature, column).astype(np.float32),
                float(there.mean()) if len(there) else 0.0,
                float(there.std()) or 1.0 if len(there) else 1.0,
                _default(feature),
            )
    return found
