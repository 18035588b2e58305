"""Ratings as serialized tf.Examples, glued from parts that are each encoded once.

A rating's example is its user's features, its movie's features, its stars and its time. In the wire format
a map is its entries one after the other, so the example is the parts' bytes one after the other behind one
length. A user's part is encoded when the user is first met, not once a rating, and Arrow does the glueing:
several times as fast as encoding every row in full.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from components.movielens_example_gen.reading.catalog import Catalog, Movie, User
from trainer.data import features

EXAMPLE_FEATURES = b"\x0a"  # field 1 of tf.Example, length-delimited
EMPTY = pa.scalar(b"", pa.binary())


class ExampleEncoder:
    """Encodes ratings, remembering the users and movies that it has met.

    Args:
        catalog: who and what the ids stand for.
    """

    def __init__(self, catalog: Catalog):
        self._catalog = catalog
        self._users = _Parts(self._describe_users)
        self._movies = _Parts(self._describe_movies)

    def encode(self, table: pa.Table) -> pa.BinaryArray:
        """Returns one serialized tf.Example per row.

        Args:
            table: ratings, as `ratings.SCHEMA`. At most 2 GiB of examples: some 65,536 rows at a time.
        """
        user, movie, rating, time = (
            table[name].combine_chunks() for name in ("user", "movie", "rating", "timestamp")
        )
        entries = pc.binary_join_element_wise(
            self._users.take(user),
            self._movies.take(movie),
            _distinct(rating, features.USER_RATING),
            _times(time),
            EMPTY,
        )
        lengths = pc.binary_length(entries).dictionary_encode()
        heads = [EXAMPLE_FEATURES + _varint(length) for length in lengths.dictionary.to_pylist()]
        return pc.binary_join_element_wise(pa.array(heads, pa.binary()).take(lengths.indices), entries, EMPTY)

    def _describe_users(self, ids: list[str]) -> pa.RecordBatch:
        columns = {features.USER_ID: _bytes(ids)}
        if self._catalog.users is not None:
            users = [self._catalog.users.get(id, NOBODY) for id in ids]
            columns |= {
                features.USER_AGE: _lists((user.age for user in users), pa.float32()),
                features.USER_GENDER: _bytes(user.gender for user in users),
                features.USER_OCCUPATION: _bytes(user.occupation for user in users),
                features.USER_ZIP_CODE: _bytes(user.zip_code for user in users),
            }
        return pa.RecordBatch.from_pydict(columns)

    def _describe_movies(self, ids: list[str]) -> pa.RecordBatch:
        movies = [self._catalog.movies.get(id) or Movie(id, ()) for id in ids]
        genres = [[genre.encode() for genre in movie.genres] for movie in movies]
        return pa.RecordBatch.from_pydict(
            {
                features.MOVIE_ID: _bytes(ids),
                features.MOVIE_TITLE: _bytes(movie.title for movie in movies),
                features.MOVIE_GENRES: pa.array(genres, pa.list_(pa.binary())),
            }
        )


NOBODY = User(None, None, None, None)


class _Parts:
    """The encoded features of ids, each encoded once."""

    def __init__(self, describe: Callable[[list[str]], pa.RecordBatch]):
        self._describe = describe
        self._known: dict[str, bytes] = {}

    def take(self, ids: pa.StringArray) -> pa.BinaryArray:
        coded = ids.dictionary_encode()
        distinct = coded.dictionary.to_pylist()
        new = [id for id in distinct if id not in self._known]
        if new:
            self._known.update(zip(new, map(_without_head, _encode(self._describe(new))), strict=True))
        return pa.array([self._known[id] for id in distinct], pa.binary()).take(coded.indices)


def _distinct(values: pa.Array, name: str) -> pa.BinaryArray:
    """Returns the encoded feature `name` of each value; each distinct value is encoded once."""
    coded = values.dictionary_encode()
    offsets = pa.array(np.arange(len(coded.dictionary) + 1, dtype=np.int32))
    one_each = pa.ListArray.from_arrays(offsets, coded.dictionary)
    examples = _encode(pa.RecordBatch.from_arrays([one_each], [name]))
    # One number under a short name: its head is a tag and a length of one byte, which is at most 127.
    entries = pc.binary_slice(pa.array(examples, pa.binary()), start=2, stop=2 + 127)
    return entries.take(coded.indices)


def _times(times: pa.Int64Array) -> pa.BinaryArray:
    """The encoded time of each rating; hardly two are the same, so here numpy writes the digits itself.

    A varint has seven bits a byte: every second from July 1978 to the year 3058 takes five.
    """
    seconds = times.to_numpy()
    first, end = 1 << 28, 1 << 35
    if not len(seconds) or seconds.min() < first or seconds.max() >= end:
        return _distinct(times, features.TIMESTAMP)
    before = _distinct(pa.array([first]), features.TIMESTAMP)[0].as_py()[:-5]
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
