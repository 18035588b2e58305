"""One look at all ratings, to decide what a single piece cannot: which split each one is for.

Only what the split needs is kept, a few bytes a rating; a random split reads nothing at all.
"""

import numpy as np
import pyarrow as pa

from components.movielens_example_gen import ratings, splits
from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.pieces import Piece


def split_codes(pieces: list[Piece], config: DataConfig) -> np.ndarray:
    """The split of every row of all pieces: int8[rows], `splits.DROPPED` for those left out.

    A row that cannot be read is left out where this look meets it. A random split does not look: there a bad
    row uses up its place in the permutation.

    Raises:
        DataError: bad rows are too many, or a split would be empty.
    """
    count = sum(piece.rows for piece in pieces)
    needs = set(splits.NEEDS[config.split.kind]) | ({"user"} if config.max_users else set())
    kept = np.ones(count, bool)
    columns: dict[str, np.ndarray] = {}
    if needs:
        columns, kept = _columns(pieces, needs, count, config)
    if config.max_users:
        kept &= columns["user"] < config.max_users
    if config.split.kind == "predefined":
        in_test_file = np.concatenate(
            [np.full(piece.rows, piece.file != pieces[0].file) for piece in pieces] or [np.zeros(0, bool)]
        )
        columns["in_test_file"] = in_test_file
    codes = np.full(count, splits.DROPPED, np.int8)
    codes[kept] = splits.assign(config.split, splits.Rows(count, **columns).where(kept))
    return codes


def _columns(pieces: list[Piece], needs: set[str], count: int, config: DataConfig):
    """The needed columns over all rows, and which rows could be read."""
    readable = np.zeros(count, bool)
    times = np.zeros(count, np.int64) if "timestamp" in needs else None
    texts: dict[str, list[pa.Array]] = {name: [] for name in ("user", "movie") if name in needs}
    bad = ratings.BadRows()
    for piece in pieces:
        read = ratings.read(piece)
        bad += read.bad
        rows = piece.first_row + read.rows
        readable[rows] = True
        if times is not None:
            times[rows] = read.table["timestamp"].to_numpy()
        for name, chunks in texts.items():
            chunks.extend(read.table[name].dictionary_encode().chunks)
    bad.check(config.max_bad_rows)
    columns = {} if times is None else {"timestamp": times}
    for name, chunks in texts.items():
        columns[name] = np.full(count, -1, np.int32)
        columns[name][readable] = _numbered(chunks)
    return columns, readable


def _numbered(chunks: list[pa.Array]) -> np.ndarray:
    """Ids as numbers from 0, by first appearance over all chunks: int32."""
    if not chunks:
        return np.zeros(0, np.int32)
    unified = pa.chunked_array(chunks).unify_dictionaries()
    return np.concatenate([chunk.indices.to_numpy() for chunk in unified.chunks])
