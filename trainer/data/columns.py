"""Ratings as columns, which ingestion writes beside the tf.Examples of each split.

To parse a tf.Example costs some ten microseconds, and every tuner, trainer and evaluator reads all of train.
The columns hold the same ratings in a form that is mapped into memory: ids as numbers, each distinct id
written once, 20 bytes a rating. What belongs to a user or an item and not to a rating, its features and its
title, is in one tf.Example for each. Event types, where there are several, are a column too.
Artifacts without columns (of another ExampleGen, or of data with context features) are read from the
tf.Examples themselves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import tensorflow as tf

from trainer.data.description import Description, Owner
from trainer.data.features import EVENT, MOVIE_ID, USER_ID
from trainer.data.vocabularies import OOV

FOLDER = "columns"  # under the artifact of the examples, beside its splits
USERS, ITEMS = f"{FOLDER}/users.tfrecord.gz", f"{FOLDER}/items.tfrecord.gz"

_SCHEMA = pa.schema(
    {
        "user": pa.dictionary(pa.int32(), pa.string()),
        "movie": pa.dictionary(pa.int32(), pa.string()),
        "rating": pa.float32(),
        "timestamp": pa.int64(),
    }
)


_EVENT = pa.field(EVENT, pa.dictionary(pa.int32(), pa.string()))


def serialized(table: pa.Table) -> pa.Buffer:
    """Returns ratings as an Arrow IPC file.

    Args:
        table: `user`, `movie` string, `rating` float32, `timestamp` int64, maybe `event_type` string; other
            columns are left out.
    """
    schema = _SCHEMA.append(_EVENT) if EVENT in table.column_names else _SCHEMA
    columns = [table[name].combine_chunks() for name in schema.names]
    coded = [
        column.dictionary_encode() if pa.types.is_dictionary(kind) else column
        for column, kind in zip(columns, schema.types, strict=True)
    ]
    file = pa.BufferOutputStream()
    with pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(coded, schema=schema))
    return file.getvalue()


def name(split: str, shard: int) -> str:
    """Returns the name of a shard's file under the artifact of the examples."""
    return f"{FOLDER}/{split}-{shard:05d}.arrow"


@dataclass(frozen=True, eq=False)
class Ids:
    """A column of ids: `codes`, int32 [rows], are places in `distinct`."""

    distinct: Sequence[str]
    codes: np.ndarray

    def rows_of(self, vocabulary: Sequence[str]) -> np.ndarray:
        """Returns each rating's row of a table by `vocabulary`, int32 [rows]; OOV for other ids."""
        places = {each: row for row, each in enumerate(vocabulary, start=1)}
        return np.array([places.get(each, OOV) for each in self.distinct], np.int32)[self.codes]

    def counts(self) -> dict[str, int]:
        """Returns how many ratings each id has."""
        found = np.bincount(self.codes, minlength=len(self.distinct))
        return {each: int(count) for each, count in zip(self.distinct, found, strict=True) if count}


@dataclass(frozen=True, eq=False)
class Columns:
    """The ratings of some splits, in the files' order; `rating` float32, `timestamp` int64, [rows] each.

    Attributes:
        event: the event types; None: the data do not tell any.
        users_files, items_files: tf.Examples of users and items, one each; an id may be in several files.
    """

    user: Ids
    movie: Ids
    rating: np.ndarray
    timestamp: np.ndarray
    users_files: list[str]
    items_files: list[str]
    event: Ids | None = None

    @classmethod
    def of(cls, patterns: Sequence[str], description: Description) -> "Columns | None":
        """Returns `beside(patterns)`, or None for data with context features, which the columns lack."""
        return None if description.select("context") else cls.beside(patterns)

    @classmethod
    def beside(cls, patterns: Sequence[str]) -> "Columns | None":
        """Returns the ratings that are also in the tf.Examples at `patterns`; None if they have no columns.

        Args:
            patterns: glob patterns of the files of whole splits: `<artifact>/Split-<name>/*`.
        """
        files: list[str] = []
        roots = []
        for pattern in patterns:
            root, _, split = "/".join(pattern.split("/")[:-1]).rpartition("/Split-")
            found = tf.io.gfile.glob(f"{root}/{FOLDER}/{split}-*.arrow") if root else []
            if not found:
                return None
            files += sorted(found)
            roots.append(root)
        table = pa.concat_tables([_read(file) for file in files]).unify_dictionaries()
        numbers = {each: table[each].combine_chunks().to_numpy() for each in ("rating", "timestamp")}
        kept = tuple(dict.fromkeys(roots))
        return cls(
            _ids(table["user"]),
            _ids(table["movie"]),
            **numbers,
            users_files=_there(f"{root}/{USERS}" for root in kept),
            items_files=_there(f"{root}/{ITEMS}" for root in kept),
            event=_ids(table[EVENT]) if EVENT in table.column_names else None,
        )

    def owners(self) -> tuple[tuple[Owner, str, list[str]], ...]:
        """Returns users and items: the owner, its id, and the files with one tf.Example for each."""
        return (("user", USER_ID, self.users_files), ("item", MOVIE_ID, self.items_files))

    def __len__(self) -> int:
        return len(self.rating)


def _read(file: str) -> pa.Table:
    if "://" not in file:
        return pa.ipc.open_file(pa.memory_map(file)).read_all()
    with tf.io.gfile.GFile(file, "rb") as remote:
        return pa.ipc.open_file(pa.BufferReader(remote.read())).read_all()


def _ids(column: pa.ChunkedArray) -> Ids:
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in column.chunks])
    return Ids(column.chunk(0).dictionary.to_pylist(), codes)


def _there(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if tf.io.gfile.exists(path)]
