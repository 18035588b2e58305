"""Ratings as serialized tf.Examples, glued from parts that are each encoded once.

A rating's example is its user's features, its item's features, its context, its stars and its time. In the
wire format a map is its entries one after the other, so the example is the parts' bytes one after the other
behind one length. A user's part is encoded when the user is first met, not once a rating, and Arrow does the
glueing: several times as fast as encoding every row in full.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tfx.dsl.io import fileio
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from components.movielens_example_gen.reading.catalog import Catalog, Item, Values
from components.movielens_example_gen.reading.values import Value
from components.movielens_example_gen.tfrecord import TFRecordWriter
from trainer.data.description import (
    Categories,
    Category,
    Description,
    Feature,
    Features,
    Number,
    Time,
    Vector,
)
from trainer.data.features import EVENT

EXAMPLE_FEATURES = b"\x0a"  # field 1 of tf.Example, length-delimited
EMPTY = pa.scalar(b"", pa.binary())
CATALOGUE_ROWS = 1 << 14  # bounds the memory: items may have vectors


class ExampleEncoder:
    """Encodes ratings, remembering the users and items that it has met.

    Args:
        catalog: who and what the ids stand for.
    """

    def __init__(self, catalog: Catalog):
        self._catalog = catalog
        self._names = catalog.description.names
        self._users = _Parts(self.describe_users)
        self._items = _Parts(self.describe_items)
        description = catalog.description
        self._by_row: Features = {
            key: feature for key, feature in description.context_features.items() if feature.of is None
        }
        if description.events:
            self._by_row[EVENT] = Category(name=description.events.name)

    def encode(self, table: pa.Table) -> pa.BinaryArray:
        """Returns one serialized tf.Example per row.

        Args:
            table: ratings, as `ratings.schema_of` has them. At most 2 GiB of examples: some 65,536 rows at a
                time.
        """
        user, movie, rating, time = (
            table[name].combine_chunks() for name in ("user", "movie", "rating", "timestamp")
        )
        entries = pc.binary_join_element_wise(
            self._users.take(user),
            self._items.take(movie),
            *(_context(key, feature, table[key].combine_chunks()) for key, feature in self._by_row.items()),
            _distinct(rating, self._names.rating),
            _times(time, self._names.time),
            EMPTY,
        )
        lengths = pc.binary_length(entries).dictionary_encode()
        heads = [EXAMPLE_FEATURES + _varint(length) for length in lengths.dictionary.to_pylist()]
        return pc.binary_join_element_wise(pa.array(heads, pa.binary()).take(lengths.indices), entries, EMPTY)

    def describe_users(self, ids: Sequence[str]) -> pa.RecordBatch:
        """Returns users as the columns of tf.Examples: id, and the features that have a column."""
        columns = {self._names.user: _bytes(ids)}
        if self._catalog.users is not None:
            users = [self._catalog.users.get(id, {}) for id in ids]
            columns |= columns_of_features(self._catalog.description.user_features, users)
        return pa.RecordBatch.from_pydict(columns)

    def describe_items(self, ids: Sequence[str]) -> pa.RecordBatch:
        """Returns items as `items_as_columns` does."""
        return items_as_columns(
            ids, [self._catalog.items.get(id) or Item(id) for id in ids], self._catalog.description
        )


def items_as_columns(ids: Sequence[str], items: Sequence[Item], description: Description) -> pa.RecordBatch:
    """Returns items as the columns of tf.Examples: id, title, and the features that have a column."""
    return pa.RecordBatch.from_pydict(
        {
            description.names.item: _bytes(ids),
            description.names.title: _bytes(item.title for item in items),
            **columns_of_features(description.item_features, [item.features for item in items]),
        }
    )


def columns_of_features(described: Features, rows: Sequence[Values]) -> dict[str, pa.ListArray]:
    """Returns features as columns of tf.Examples, by their names there; without a value, an empty list."""
    return {
        feature.name or key: column_of_feature(feature, [row.get(key) for row in rows])
        for key, feature in described.items()
        if feature.of is None
    }


def column_of_feature(feature: Feature, values: Sequence[Value | None]) -> pa.ListArray:
    """Returns the values of one feature as a column of lists, in the type that tf.Examples hold it in."""
    if isinstance(feature, Categories):
        words: Iterable = ([word.encode() for word in value or ()] for value in values)
        return pa.array(words, pa.list_(pa.binary()))
    if isinstance(feature, Vector):
        return pa.array(values, pa.list_(pa.float32()))
    if isinstance(feature, Number):
        return _lists(values, pa.float32())
    return _lists(values, pa.int64()) if isinstance(feature, Time) else _bytes(values)


def write_catalogue(path: str, items: Mapping[str, Item], description: Description) -> None:
    """Writes one tf.Example per item, without a user, a rating or a time, as a gzipped TFRecord file."""

    def described(ids: Sequence[str]) -> pa.RecordBatch:
        return items_as_columns(ids, [items[id] for id in ids], description)

    write_each(path, list(items), described)


def write_each(path: str, ids: Sequence[str], describe: Callable[[Sequence[str]], pa.RecordBatch]) -> None:
    """Writes one tf.Example per id as a gzipped TFRecord file.

    Args:
        path: the file.
        ids: distinct ids.
        describe: returns the features of some ids, as columns of tf.Examples.
    """
    fileio.makedirs(os.path.dirname(path))
    with TFRecordWriter(path) as writer:
        for start in range(0, len(ids), CATALOGUE_ROWS):
            batch = describe(ids[start : start + CATALOGUE_ROWS])
            writer.write(pa.array(_encode(batch), pa.binary()))


class _Parts:
    """The encoded features of ids, each encoded once."""

    def __init__(self, describe: Callable[[Sequence[str]], pa.RecordBatch]):
        self._describe = describe
        self._known: dict[str, bytes] = {}

    def take(self, ids: pa.StringArray) -> pa.BinaryArray:
        coded = ids.dictionary_encode()
        distinct = coded.dictionary.to_pylist()
        new = [id for id in distinct if id not in self._known]
        if new:
            self._known.update(zip(new, map(_without_head, _encode(self._describe(new))), strict=True))
        return pa.array([self._known[id] for id in distinct], pa.binary()).take(coded.indices)


def _context(key: str, feature: Feature, values: pa.Array) -> pa.BinaryArray:
    """Returns the encoded context feature of each row; each distinct value is encoded once."""
    name = feature.name or key
    if isinstance(feature, Categories | Vector):
        column = column_of_feature(feature, values.to_pylist())
        return pa.array(
            map(_without_head, _encode(pa.RecordBatch.from_arrays([column], [name]))), pa.binary()
        )
    coded = values.dictionary_encode(null_encoding="encode")
    column = column_of_feature(feature, coded.dictionary.to_pylist())
    entries = map(_without_head, _encode(pa.RecordBatch.from_arrays([column], [name])))
    return pa.array(entries, pa.binary()).take(coded.indices)


def _distinct(values: pa.Array, name: str) -> pa.BinaryArray:
    """Returns the encoded feature `name` of each value; each distinct value is encoded once."""
    coded = values.dictionary_encode()
    offsets = pa.array(np.arange(len(coded.dictionary) + 1, dtype=np.int32))
    one_each = pa.ListArray.from_arrays(offsets, coded.dictionary)
    examples = _encode(pa.RecordBatch.from_arrays([one_each], [name]))
    # One number under a short name: its head is a tag and a length of one byte, which is at most 127.
    entries = pc.binary_slice(pa.array(examples, pa.binary()), start=2, stop=2 + 127)
    return entries.take(coded.indices)


def _times(times: pa.Int64Array, name: str) -> pa.BinaryArray:
    """The encoded time of each rating; hardly two are the same, so here numpy writes the digits itself.

    A varint has seven bits a byte: every second from July 1978 to the year 3058 takes five.
    """
    seconds = times.to_numpy()
    first, end = 1 << 28, 1 << 35
    if not len(seconds) or seconds.min() < first or seconds.max() >= end:
        return _distinct(times, name)
    before = _distinct(pa.array([first]), name)[0].as_py()[:-5]
    entries = np.empty((len(seconds), len(before) + 5), np.uint8)
    entries[:, :-5] = np.frombuffer(before, np.uint8)
    for place in range(5):
        entries[:, place - 5] = seconds >> 7 * place & 0x7F | (0x80 if place < 4 else 0)
    fixed = pa.binary(entries.shape[1])
    return pa.FixedSizeBinaryArray.from_buffers(fixed, len(seconds), [None, pa.py_buffer(entries)]).cast(
        pa.binary()
    )


def _encode(batch: pa.RecordBatch) -> list[bytes]:
    return RecordBatchToExamplesEncoder().encode(batch)


def _without_head(example: bytes) -> bytes:
    """Returns a tf.Example's entries without the length prefix."""
    at = 1
    while example[at] & 0x80:
        at += 1
    return example[at + 1 :]


def _varint(number: int) -> bytes:
    result = bytearray()
    while number > 0x7F:
        result.append(number & 0x7F | 0x80)
        number >>= 7
    result.append(number)
    return bytes(result)


def _bytes(values: Iterable[str | None]) -> pa.ListArray:
    return _lists((None if value is None else value.encode() for value in values), pa.binary())


def _lists(values: Iterable, kind: pa.DataType) -> pa.ListArray:
    """Returns lists of one value each, empty ones for None."""
    return pa.array([None if value is None else [value] for value in values], pa.list_(kind))
