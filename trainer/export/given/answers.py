"""Users' features in reference requests: those of users of train, given by people without an id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.data.catalogue import Catalogue
from trainer.data.description import Category, Text, Time
from trainer.data.examples import NO_MOMENT
from trainer.data.tables.bins import edges, places
from trainer.data.tables.given import standardized, users_names
from trainer.data.tables.table import OneOf, SetOf, Table
from trainer.export.given.features import input_name
from trainer.models.layers.numbers import Scale


@dataclass(frozen=True)
class Given:
    """The features of some users, as a request gives them and as models read them.

    Attributes:
        inputs: lists by the names of a signature's inputs.
        columns: arrays by the names of the columns (`trainer.data.tables.given`).
    """

    inputs: Mapping[str, list]
    columns: Mapping[str, np.ndarray]


def given_by(catalogue: Catalogue, keys: Sequence[str], users: np.ndarray) -> Given:
    """Returns the features of users of train, read off the catalogue's tables and not by any lookup.

    Args:
        catalogue: the catalogue.
        keys: the keys of the features.
        users: int [B], rows of users.
    """
    names = users_names(catalogue.description, keys)
    inputs: dict[str, list] = {}
    columns: dict[str, np.ndarray] = {}
    for key, name in names.items():
        feature, table = catalogue.description.user_features[key], catalogue.table(key)
        if isinstance(feature, Category):
            found = _word(feature, table, users)
        elif isinstance(table, SetOf):
            found = _words(feature, table, users)
        elif isinstance(table, OneOf):
            found, standard = _number(catalogue, key, users)
            columns[standardized(name)] = standard
        else:
            vectors = table.weights()[users]
            found = vectors.tolist(), vectors
        inputs[input_name(name, names.values())], columns[name] = found
    return Given(inputs, columns)


def contribution(table: Table, rows: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Returns what a given feature adds to an embedding, [B, …], for its trained table `rows`."""
    if isinstance(table, OneOf):
        return rows[column]
    if not isinstance(table, SetOf):
        return np.tensordot(column, rows, 1)
    sets = [row[row > 0] - 1 for row in column]
    return np.stack([rows[each].sum(axis=0) / np.sqrt(max(1, len(each))) for each in sets])


def _word(feature: Category, table: Table, users: np.ndarray) -> tuple[list, np.ndarray]:
    assert isinstance(table, OneOf)
    told = [table.keys[place] for place in table.ids[users]]
    told = ["" if word.startswith("\x1e") else word for word in told]  # a row that rare words share
    place = {word: at for at, word in enumerate(table.keys)}
    meant = [word or (feature.default or "")[: feature.prefix] for word in told]
    return told, np.array([place.get(word, 0) for word in meant], np.int32)


def _words(feature: Any, table: SetOf, users: np.ndarray) -> tuple[list, np.ndarray]:
    sets = [table.words[user] for user in users]
    longest = max(1, *map(len, sets))
    told = [[table.keys[word] for word in row] for row in sets]
    column = np.zeros((len(sets), longest), np.int32)
    for at, row in enumerate(sets):
        column[at, : len(row)] = row + 1
    if isinstance(feature, Text):
        return [" ".join(row) for row in told], column
    return [row + [""] * (longest - len(row)) for row in told], column


def _number(catalogue: Catalogue, key: str, users: np.ndarray) -> tuple[tuple[list, np.ndarray], np.ndarray]:
    feature, values = catalogue.description.user_features[key], catalogue.attributes.numbers(key)
    told = values[users]
    default = getattr(feature, "default", None)
    meant = told if default is None else np.where(np.isfinite(told), told, default)
    column, standard = places(meant, edges(feature, values)), Scale.of(catalogue, key)(meant)
    if isinstance(feature, Time):
        return ([int(each) if np.isfinite(each) else NO_MOMENT for each in told], column), standard
    return (told.tolist(), column), standard
