"""Context: features of each rating that are known when a request is made, such as a device or a search."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.data.description import Categories, Category, Number, Text, Time, Vector
from trainer.data.examples import NO_MOMENT
from trainer.data.lookups import string_lookup
from trainer.data.tables.columns import CategoryLookup
from trainer.data.tables.words import words
from trainer.data.vocabularies import Vocabularies

MOST_WORDS = 64  # of one feature of one rating: its most frequent different words; others are left out


class ContextLookup:
    """Conversion of raw context to the columns that models read, also inside a graph.

    Columns have their names in tf.Examples. What is missing is the feature's default:
        category: int32 ids [B], 0 for an unknown word; missing: "".
        number, time: float32 [B], of times seconds since 1970, NaN if unknown; missing: NaN, NO_MOMENT.
        text, categories: int32 [B, n], each different known word's place in the vocabulary plus one,
            ascending and padded with 0, at most MOST_WORDS; missing: a text without a letter, no word but "".
        vector: float32 [B, length], zeros if unknown; missing: no number, only zeros, or a NaN.

    Attributes:
        tables: the string tables, which an export must track explicitly.
    """

    def __init__(self, vocabularies: Vocabularies):
        description = vocabularies.description
        self._lookups = {
            description.name_of(key): _lookup(feature, vocabularies.of(key))
            for key, feature in description.context_features.items()
        }
        self.tables = tuple(table for lookup in self._lookups.values() for table in lookup.tables)

    def names(self) -> tuple[str, ...]:
        """Returns the columns' names."""
        return tuple(self._lookups)

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Converts the columns that are there, [B], of words and vectors [B, n] or ragged."""
        return {name: lookup(raw[name]) for name, lookup in self._lookups.items() if name in raw}


class _Categories:
    """One word per rating."""

    def __init__(self, feature: Category, vocabulary: tuple[str, ...]):
        self._default, self._lookup = feature.default or "", CategoryLookup(feature, vocabulary)
        self.tables = self._lookup.tables

    def __call__(self, raw):
        return self._lookup(tf.where(raw == "", self._default, raw))


class _Numbers:
    """One number per rating."""

    tables = ()

    def __init__(self, feature: Number | Time):
        self._timed, self._default = isinstance(feature, Time), default_number(feature)

    def __call__(self, raw):
        missing = raw == NO_MOMENT if self._timed else tf.math.is_nan(raw)
        return tf.where(missing, self._default, tf.cast(raw, tf.float32))


class _Words:
    """Any number of words per rating."""

    def __init__(self, feature: Categories | Text, vocabulary: tuple[str, ...]):
        self._feature, self._known = feature, string_lookup(vocabulary)
        self._default = _as_cells(feature)
        self.tables = (self._known,)

    def __call__(self, raw):
        """Returns int32 [B, n] from string [B] of a text, [B, n] or ragged of categories."""
        missing, ids = self._ids(raw)
        if self._default is not None:
            given, default = ids, self._ids(self._default)[1]
            width = tf.maximum(tf.shape(given)[1], tf.shape(default)[1])
            ids = tf.where(missing[:, None], _widened(default, width), _widened(given, width))
        return ids

    def _ids(self, raw):
        """Returns which rows have no word at all, [B], and the places of the others' words, [B, n]."""
        found = words(self._feature, raw)
        if not isinstance(found, tf.RaggedTensor):  # a request pads its rows with ""
            found = tf.RaggedTensor.from_tensor(found)
        found = tf.ragged.boolean_mask(found, found != "")
        ids = found.with_values(tf.cast(self._known(found.values), tf.int32)).to_tensor(0)
        return found.row_lengths() == 0, _different(ids)


class _Vectors:
    """One vector per rating."""

    tables = ()

    def __init__(self, feature: Vector):
        self._length, self._default = feature.length, default_vector(feature)

    def __call__(self, raw):
        if isinstance(raw, tf.RaggedTensor):
            raw = raw.to_tensor(float("nan"), shape=[None, self._length])
        raw = tf.cast(raw, tf.float32)
        missing = tf.reduce_any(tf.math.is_nan(raw), axis=1) | tf.reduce_all(raw == 0, axis=1)
        return tf.where(missing[:, None], self._default[None], raw)


def _lookup(feature: Any, vocabulary: tuple[str, ...]) -> Any:
    match feature:
        case Category():
            return _Categories(feature, vocabulary)
        case Number() | Time():
            return _Numbers(feature)
        case Vector():
            return _Vectors(feature)
    return _Words(feature, vocabulary)


def default_number(feature: Any) -> float:
    """Returns the default of a number or a time, NaN without one."""
    default = getattr(feature, "default", None)
    return float("nan") if default is None else float(default)


def default_vector(feature: Vector) -> np.ndarray:
    """Returns the default of a vector, float32 [length], zeros without one."""
    return np.array(feature.default or [0.0] * feature.length, np.float32)


def _as_cells(feature: Categories | Text) -> tf.Tensor | None:
    """Returns the default as a row of raw words, or as a text; None without one."""
    if not feature.default:
        return None
    return tf.constant([feature.default] if isinstance(feature, Text) else [list(feature.default)])


def _different(ids):
    """Returns each row's different ids, ascending and padded with 0, at most MOST_WORDS: int32 [B, n]."""
    last = tf.int32.max
    ordered = tf.sort(tf.where(ids == 0, last, ids), axis=1)
    again = tf.concat([tf.zeros_like(ordered[:, :1], tf.bool), ordered[:, 1:] == ordered[:, :-1]], axis=1)
    kept = tf.sort(tf.where(again, last, ordered), axis=1)[:, :MOST_WORDS]
    kept = tf.where(kept == last, 0, kept)
    longest = tf.reduce_max(tf.math.count_nonzero(kept, axis=1, dtype=tf.int32))
    return kept[:, : tf.maximum(longest, 0)]  # of no rows the largest is the least integer


def _widened(ids, width):
    return tf.pad(ids, [[0, 0], [0, width - tf.shape(ids)[1]]])
