"""Features of users in requests: for people whom train does not know, but who say something of themselves.

A signature for them takes each feature that the model learned, under its name in tf.Examples:
    category, text: string [B]; "" for one that is not given.
    categories: string [B, n], padded with "".
    number: float32 [B]; NaN for one that is not given.
    time: int64 [B], seconds since 1970; the least int64 for one that is not given.
    vector: float32 [B, length]; zeros for one that is not given.
What is not given is the declared `default`, or else unknown, and so is a word that train does not know.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.description import Categories, Category, Number, Text, Time, Vector
from trainer.data.examples import NO_MOMENT
from trainer.data.features import MOVIE_GENRES
from trainer.data.lookups import string_lookup
from trainer.data.names import FIXED
from trainer.data.tables.bins import edges
from trainer.data.tables.columns import CategoryLookup
from trainer.data.tables.given import standardized, users_names
from trainer.data.tables.table import UNKNOWN
from trainer.data.tables.words import words
from trainer.export.brought import distinct
from trainer.export.per_row import of_each_row
from trainer.models.layers.numbers import Scale

SHOWN = 200  # words of a feature that are listed beside a model, the most frequent
_TYPES: dict[type, tf.DType] = {Number: tf.float32, Vector: tf.float32, Time: tf.int64}
_TAKEN = FIXED | {MOVIE_GENRES}


def input_name(name: str, others: Iterable[str]) -> str:
    """Returns the name of a feature's input: its own, behind `user_` where signatures use that otherwise.

    Examples:
        >>> input_name("country", ["country", "weight"]), input_name("weight", ["country", "weight"])
        ('country', 'user_weight')
    """
    others = set(others)
    while name in _TAKEN:
        name = f"user_{name}"
        if name in others:
            name = f"user_{name}"
    return name


class GivenFeatures:
    """Conversion of users' features in requests to columns that models read (`trainer.data.tables.given`).

    Args:
        catalogue: the catalogue of train.
        keys: the keys of the features, all of users.

    Attributes:
        tables: the string tables, which an export must track explicitly.
        inputs: the names of the inputs, in order.
    """

    def __init__(self, catalogue: Catalogue, keys: Iterable[str]):
        self._readers = {
            name: _reader(catalogue, key, name)
            for key, name in users_names(catalogue.description, keys).items()
        }
        self.inputs = tuple(input_name(name, self._readers) for name in self._readers)
        self.tables = tuple(table for reader in self._readers.values() for table in reader.tables)

    def described(self) -> dict[str, dict[str, Any]]:
        """Returns what is known of each input, as plain data, by name; `{}` without features.

        `type` is the feature's, `prefix` its own. `values` are the most frequent words, and `complete` says
        whether any other word is unknown. `low` and `high` are the least and the greatest number or time of
        train, and `length` is that of a vector.
        """
        readers = zip(self.inputs, self._readers.values(), strict=True)
        return {name: {"type": reader.type, **reader.described} for name, reader in readers}

    def specs(self) -> list[tf.TensorSpec]:
        """Returns the inputs."""
        readers = self._readers.values()
        return [
            tf.TensorSpec(reader.shape, reader.dtype, name=name)
            for name, reader in zip(self.inputs, readers, strict=True)
        ]

    def __call__(self, given: Iterable[tf.Tensor], rows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Converts the inputs, in the order of `inputs`, to columns of `rows` rows.

        The graph refuses the request (INVALID_ARGUMENT) if a feature has another number of rows.
        """
        found: dict[str, tf.Tensor] = {}
        for (name, reader), values in zip(self._readers.items(), given, strict=True):
            found |= reader.columns(of_each_row(values, rows, name))
        return found


class _Reader:
    """What the inputs of all types have in common; `columns` maps an input to columns by name."""

    tables: tuple = ()
    shape: tuple[int | None, ...] = (None,)
    described: Mapping[str, Any] = {}

    def __init__(self, catalogue: Catalogue, key: str, name: str):
        self._name = name
        self._feature: Any = catalogue.description.user_features[key]
        self.type: str = self._feature.type
        self.dtype = _TYPES.get(type(self._feature), tf.string)


class _Word(_Reader):
    def __init__(self, catalogue: Catalogue, key: str, name: str):
        super().__init__(catalogue, key, name)
        self._lookup = CategoryLookup(self._feature, catalogue.vocabularies.of(key))
        self.tables = self._lookup.tables
        known = [word for word in self._lookup.keys if word != UNKNOWN and not word.startswith("\x1e")]
        complete = len(known) == len(self._lookup.keys) - 1 and len(known) <= SHOWN
        self.described = {"values": known[:SHOWN], "complete": complete, "prefix": self._feature.prefix}

    def columns(self, given) -> dict[str, tf.Tensor]:
        default = self._feature.default
        return {self._name: self._lookup(given if default is None else tf.where(given == "", default, given))}


class _Words(_Reader):
    def __init__(self, catalogue: Catalogue, key: str, name: str):
        super().__init__(catalogue, key, name)
        if isinstance(self._feature, Categories):
            self.shape = (None, None)
        keys = catalogue.table(key).keys
        self._lookup, self._count = string_lookup(keys), len(keys) + 1
        self.tables = (self._lookup,)
        if isinstance(self._feature, Categories):
            self.described = {"values": list(keys[:SHOWN]), "complete": len(keys) <= SHOWN}

    def columns(self, given) -> dict[str, tf.Tensor]:
        found = words(self._feature, given)
        if isinstance(found, tf.RaggedTensor):
            found = found.to_tensor("")
        places = tf.cast(self._lookup(found), tf.int32)
        known, _ = distinct(places, tf.constant(self._count, tf.int64))
        return {self._name: known.to_tensor(0)}


class _Numeric(_Reader):
    def __init__(self, catalogue: Catalogue, key: str, name: str):
        super().__init__(catalogue, key, name)
        numbers = catalogue.attributes.numbers(key)
        self._edges = tf.constant(edges(self._feature, numbers), tf.float64)
        self.described = {"low": float(np.nanmin(numbers)), "high": float(np.nanmax(numbers))}
        self._scale = Scale.of(catalogue, key)

    def columns(self, given) -> dict[str, tf.Tensor]:
        missing = given == NO_MOMENT if isinstance(self._feature, Time) else ~tf.math.is_finite(given)
        default = getattr(self._feature, "default", None)
        unknown = tf.constant(float("nan") if default is None else default, tf.float64)
        values = tf.where(missing, unknown, tf.cast(given, tf.float64))
        places = 1 + tf.searchsorted(self._edges, values, side="right")
        return {
            self._name: tf.where(tf.math.is_nan(values), 0, places),
            standardized(self._name): self._scale.tensor(values),
        }


class _Vectors(_Reader):
    def __init__(self, catalogue: Catalogue, key: str, name: str):
        super().__init__(catalogue, key, name)
        self.shape = (None, self._feature.length)
        self.described = {"length": self._feature.length}

    def columns(self, given) -> dict[str, tf.Tensor]:
        return {self._name: given}


_READERS: Mapping[type, Any] = {
    Category: _Word,
    Categories: _Words,
    Text: _Words,
    Number: _Numeric,
    Time: _Numeric,
    Vector: _Vectors,
}


def _reader(catalogue: Catalogue, key: str, name: str) -> Any:
    return _READERS[type(catalogue.description.user_features[key])](catalogue, key, name)
