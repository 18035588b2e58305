"""A pass over all ratings, which decides what needs all of them: the splits, and the ids that occur.

Only what is needed is kept, a few bytes a rating.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from components.movielens_example_gen import splits
from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files.pieces import Piece
from components.movielens_example_gen.reading import ratings
from trainer.data.pairs.pair_hash import id_hashes, lots, mixed


@dataclass(frozen=True)
class Survey:
    """The result of the pass over all ratings.

    Attributes:
        codes: int8[rows], the split of every row of all pieces, `splits.DROPPED` for those left out.
        movies, users: the ids that occur in the rows that are not.
        superseded: how many rows were left out because a newer span says the same user's rating of the
            same movie again.
        repeated: how many rows are of a user and a movie that an earlier row is of.
        parted: of those, how many had been meant for another split than that row, and were moved to it.
    """

    codes: np.ndarray
    movies: tuple[str, ...]
    users: tuple[str, ...]
    superseded: int = 0
    repeated: int = 0
    parted: int = 0


def split_codes(pieces: list[Piece], config: DataConfig) -> Survey:
    """Returns the split of every row of all pieces.

    A row that cannot be read is left out where the split looks at the rows. A random split does not: there a
    bad row uses up its place in the permutation. Of a user's ratings of one movie those in the newest span
    that has any are kept; within one file, and so where there are no spans, each row stands for itself.

    Raises:
        DataError: bad rows are too many, or a split would be empty.
    """
    count = sum(piece.rows for piece in pieces)
    needs = set(splits.NEEDS[config.split.kind]) | ({"user"} if config.max_users else set())
    # Which rows of described files there are depends on more than their ids: on events that are left out.
    looks = bool(needs) or config.spans is not None or config.described is not None
    columns, readable, ids = _columns(pieces, needs, count, config, looks)
    kept = readable.copy() if looks else np.ones(count, bool)
    if config.max_users:
        kept &= columns["user"] < config.max_users
    if config.split.kind == "predefined":
        columns["in_test_file"] = _each(pieces, lambda piece: piece.file.held_out, bool)
    superseded = 0
    if config.spans:
        columns["span"] = _each(pieces, lambda piece: piece.file.span, np.int32)
        old = _superseded(columns, kept)
        superseded = int(old.sum())
        kept &= ~old
    codes = np.full(count, splits.DROPPED, np.int8)
    codes[kept] = splits.assign(config.split, splits.Rows(count, **columns).where(kept))
    repeated, parted = _keep_together(codes, columns, kept & readable, config)
    movies, users = (_occurring(ids[name], columns[name][kept & readable]) for name in ("movie", "user"))
    return Survey(codes, movies, users, superseded, repeated, parted)


def _occurring(ids: list[str], numbers: np.ndarray) -> tuple[str, ...]:
    there = np.bincount(numbers, minlength=len(ids)) > 0
    return tuple(id for id, occurs in zip(ids, there, strict=True) if occurs)


def _pairs(columns: dict[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
    """int64 for each row, the same for the same user and movie."""
    return columns["user"][rows].astype(np.int64) << 32 | columns["movie"][rows]


def _keep_together(
    codes: np.ndarray, columns: dict[str, np.ndarray], rows: np.ndarray, config: DataConfig
) -> tuple[int, int]:
    """Gives rows of one user and movie the split of the first of them; counts them, and those that moved.

    All of them are kept: the later one need not be the right one. No published MovieLens holds any, and its
    protocols are not to depend on this: only ratings of one's own are looked at.
    """
    if config.dataset != "custom":
        return 0, 0
    places = np.flatnonzero(rows)
    pairs = _pairs(columns, places)
    in_order = np.sort(pairs)
    repeated = int((in_order[1:] == in_order[:-1]).sum())
    if not repeated or config.split.kind not in splits.ROW_BY_ROW:
        return repeated, 0
    if "in_test_file" in columns:  # who names a file for `test` means it
        places = places[~columns["in_test_file"][places]]
        pairs = _pairs(columns, places)
    _, first, pair = np.unique(pairs, return_index=True, return_inverse=True)
    together = codes[places][first[pair]]
    parted = int((together != codes[places]).sum())
    codes[places] = together
    splits.check_sizes(
        np.bincount(codes[codes != splits.DROPPED], minlength=len(splits.SPLITS)), config.split
    )
    return repeated, parted


def _each(pieces: list[Piece], what, dtype) -> np.ndarray:
    """What holds of each piece, for each of its rows."""
    return np.repeat(
        np.array([what(piece) for piece in pieces], dtype),
        np.array([piece.rows for piece in pieces], np.int64),
    )


def _superseded(columns: dict[str, np.ndarray], readable: np.ndarray) -> np.ndarray:
    """bool[rows]: another row, in a newer span, is of the same user and movie."""
    rows = np.flatnonzero(readable)
    _, pair = np.unique(_pairs(columns, rows), return_inverse=True)
    newest = np.zeros(pair.max(initial=-1) + 1, np.int32)
    np.maximum.at(newest, pair, columns["span"][rows])
    result = np.zeros(len(readable), bool)
    result[rows] = columns["span"][rows] < newest[pair]
    return result


def _columns(
    pieces: list[Piece], needs: set[str], count: int, config: DataConfig, looks: bool
) -> tuple[dict[str, np.ndarray], np.ndarray, dict[str, list[str]]]:
    """Users, movies and what else is needed over all rows, which rows could be read, and ids by number."""
    readable = np.zeros(count, bool)
    times = np.zeros(count, np.int64) if "timestamp" in needs else None
    texts: dict[str, list[pa.Array]] = {name: [] for name in ratings.IDS}
    bad = ratings.BadRows()
    for piece in pieces:
        read = ratings.read(piece, None if looks else ratings.IDS)
        bad += read.bad
        rows = piece.first_row + read.rows
        readable[rows] = True
        if times is not None:
            times[rows] = read.table["timestamp"].to_numpy()
        for name, chunks in texts.items():
            chunks.extend(read.table[name].dictionary_encode().chunks)
    if looks:  # else what is wrong with numbers was not looked for, and all of it is said later
        bad.check(config.max_bad_rows)
    columns: dict[str, np.ndarray] = {} if times is None else {"timestamp": times}
    ids: dict[str, list[str]] = {}
    for name, chunks in texts.items():
        columns[name] = np.full(count, -1, np.int32)
        columns[name][readable], ids[name] = _numbered(chunks)
    if "lot" in needs:
        hashed = {name: id_hashes(ids[name])[columns[name][readable]] for name in ids}
        columns["lot"] = np.zeros(count)
        columns["lot"][readable] = lots(mixed(hashed["user"], hashed["movie"]))
    return columns, readable, ids


def _numbered(chunks: list[pa.Array]) -> tuple[np.ndarray, list[str]]:
    """Ids as numbers from 0, by first appearance over all chunks: int32; and the ids by number."""
    if not chunks:
        return np.zeros(0, np.int32), []
    unified = pa.chunked_array(chunks).unify_dictionaries()
    numbers = np.concatenate([chunk.indices.to_numpy() for chunk in unified.chunks])
    return numbers, unified.chunk(0).dictionary.to_pylist()
