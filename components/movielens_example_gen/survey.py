"""One look at all ratings, to decide what a single piece cannot: which split each one is for.

Only what the split needs is kept, a few bytes a rating; a random split reads nothing at all.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from components.movielens_example_gen import ratings, splits
from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.pieces import Piece
from trainer.pair_hash import id_hashes, lots, mixed


@dataclass(frozen=True)
class Survey:
    """What was decided.

    Attributes:
        codes: int8[rows], the split of every row of all pieces, `splits.DROPPED` for those left out.
        superseded: how many rows were left out because a newer span says the same user's rating of the
            same movie again.
    """

    codes: np.ndarray
    superseded: int = 0


def split_codes(pieces: list[Piece], config: DataConfig) -> Survey:
    """The split of every row of all pieces.

    A row that cannot be read is left out where this look meets it. A random split does not look: there a bad
    row uses up its place in the permutation. Of a user's ratings of one movie those in the newest span that
    has any are kept; within one file, and so where there are no spans, each row stands for itself.

    Raises:
        DataError: bad rows are too many, or a split would be empty.
    """
    count = sum(piece.rows for piece in pieces)
    needs = set(splits.NEEDS[config.split.kind]) | ({"user"} if config.max_users else set())
    if config.spans:
        needs |= {"user", "movie"}
    kept = np.ones(count, bool)
    columns: dict[str, np.ndarray] = {}
    if needs:
        columns, kept = _columns(pieces, needs, count, config)
    if config.max_users:
        kept &= columns["user"] < config.max_users
    if config.split.kind == "predefined":
        columns["in_test_file"] = _each(pieces, lambda piece: piece.file != pieces[0].file, bool)
    superseded = 0
    if config.spans:
        columns["span"] = _each(pieces, lambda piece: piece.file.span, np.int32)
        old = _superseded(columns, kept)
        superseded = int(old.sum())
        kept &= ~old
    codes = np.full(count, splits.DROPPED, np.int8)
    codes[kept] = splits.assign(config.split, splits.Rows(count, **columns).where(kept))
    return Survey(codes, superseded)


def _each(pieces: list[Piece], what, dtype) -> np.ndarray:
    """What holds of each piece, for each of its rows."""
    return np.repeat(
        np.array([what(piece) for piece in pieces], dtype),
        np.array([piece.rows for piece in pieces], np.int64),
    )


def _superseded(columns: dict[str, np.ndarray], readable: np.ndarray) -> np.ndarray:
    """bool[rows]: another row, in a newer span, is of the same user and movie."""
    rows = np.flatnonzero(readable)
    pairs = columns["user"][rows].astype(np.int64) << 32 | columns["movie"][rows]
    _, pair = np.unique(pairs, return_inverse=True)
    newest = np.zeros(pair.max(initial=-1) + 1, np.int32)
    np.maximum.at(newest, pair, columns["span"][rows])
    result = np.zeros(len(readable), bool)
    result[rows] = columns["span"][rows] < newest[pair]
    return result


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
    hashed = {}
    for name, chunks in texts.items():
        columns[name] = np.full(count, -1, np.int32)
        columns[name][readable], known = _numbered(chunks)
        if "lot" in needs:
            hashed[name] = id_hashes(known)[columns[name][readable]]
    if "lot" in needs:
        columns["lot"] = np.zeros(count)
        columns["lot"][readable] = lots(mixed(hashed["user"], hashed["movie"]))
    return columns, readable


def _numbered(chunks: list[pa.Array]) -> tuple[np.ndarray, list[str]]:
    """Ids as numbers from 0, by first appearance over all chunks: int32; and the ids by number."""
    if not chunks:
        return np.zeros(0, np.int32), []
    unified = pa.chunked_array(chunks).unify_dictionaries()
    numbers = np.concatenate([chunk.indices.to_numpy() for chunk in unified.chunks])
    return numbers, unified.chunk(0).dictionary.to_pylist()
