"""The ratings of a piece as Arrow columns, parsed by Arrow's CSV reader.

A rating is refused only when it cannot be read: a wrong number of fields, an empty id, a rating that is no
finite number, a time that is none. Whether a rating of 9 makes sense is the schema's to say.
"""

import csv
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from components.movielens_example_gen.files.layouts import RatingsFile
from components.movielens_example_gen.files.pieces import Piece
from components.movielens_example_gen.reading import text, times
from components.movielens_example_gen.reading.bad_rows import BadRow, BadRows
from components.movielens_example_gen.reading.ids import plain_id, plain_ids, wrong_with
from components.movielens_example_gen.reading.times import NUMBER

IDS = ("user", "movie")
SEPARATOR = b"\x1f"
SCHEMA = pa.schema(
    {"user": pa.string(), "movie": pa.string(), "rating": pa.float32(), "timestamp": pa.int64()}
)


@dataclass(frozen=True)
class Ratings:
    """The ratings of a piece, and the rows that could not be read.

    Attributes:
        table: `user`, `movie` (string), `rating` (float32), `timestamp` (int64, 0 where the file has none).
        rows: int64[n], each one's row in the piece, from 0.
        bad: the rows that are missing from the table.
    """

    table: pa.Table
    rows: np.ndarray
    bad: BadRows


def read(piece: Piece, only: Collection[str] = SCHEMA.names) -> Ratings:
    """Reads the ratings of a piece. Damaged lines are in the result's `bad`, never an exception.

    Args:
        piece: the lines.
        only: the columns that are wanted; what is wrong in others may then go unseen, which is faster.
    """
    data = piece.read()
    wanted = [name for name in SCHEMA.names if name in only]
    fields = _split_fast(data, piece, wanted)
    if fields is not None:
        try:
            return Ratings(_typed(fields, wanted, piece), np.arange(piece.rows), BadRows())
        except (pa.ArrowInvalid, ValueError):
            pass  # a field of some row is wrong: find out which
    found = _read_slowly(data, piece)
    return Ratings(found.table.select(wanted), found.rows, found.bad)


def _split_fast(data: bytes, piece: Piece, wanted: list[str]) -> dict[str, pa.Array] | None:
    """Returns the fields of each line as binary columns, or None if any line is malformed."""
    file = piece.file
    delimiter = file.delimiter
    if len(delimiter) > 1:  # Arrow parts fields by one character only
        if SEPARATOR in data:
            return None
        data, delimiter = data.replace(delimiter, SEPARATOR), SEPARATOR
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(data),
            pa_csv.ReadOptions(column_names=list(file.columns), use_threads=False, block_size=len(data) + 1),
            pa_csv.ParseOptions(delimiter=delimiter.decode(), quote_char='"', ignore_empty_lines=False),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(file.columns, pa.binary()),
                include_columns=[name for name in wanted if name in file.columns],
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    # Fewer rows than lines: a quote that was never closed swallowed some.
    return _columns(table) if len(table) == piece.rows else None


def _typed(fields: dict[str, pa.Array], wanted: list[str], piece: Piece) -> pa.Table:
    """Converts binary columns to typed ones; raises ArrowInvalid or ValueError if any value is wrong."""
    columns = {name: column.cast(pa.string()) for name, column in fields.items()}
    typed: dict[str, pa.Array] = {name: plain_ids(columns[name]) for name in IDS if name in columns}
    if "rating" in columns:
        typed["rating"] = columns["rating"].cast(pa.float32())
        if not pc.all(pc.is_finite(typed["rating"])).as_py():
            raise ValueError
    if "timestamp" in columns:
        typed["timestamp"] = times.column_seconds(columns["timestamp"], piece.file.unit)
    elif "timestamp" in wanted:
        typed["timestamp"] = pa.array(np.zeros(piece.rows, np.int64))
    schema = pa.schema([SCHEMA.field(name) for name in wanted])
    return pa.table([typed[name] for name in wanted], schema=schema)


def _read_slowly(data: bytes, piece: Piece) -> Ratings:
    """Reads line by line, keeps the valid rows and records what is wrong with the others."""
    bad, good, rows = BadRows(), [], []
    for row, line in enumerate(data.removesuffix(b"\n").split(b"\n")):
        line = line.removesuffix(b"\r")
        if not line.strip():
            continue  # a blank line is not a rating
        fields, wrong = _fields(line, piece.file)
        if wrong:
            bad.add(BadRow(piece.file.path, piece.first_line + row, *wrong))
        else:
            good.append(fields)
            rows.append(row)
    return Ratings(pa.Table.from_pylist(good, SCHEMA), np.array(rows, np.int64), bad)


def _fields(line: bytes, file: RatingsFile) -> tuple[dict, tuple[str, str, str] | None]:
    """Returns a line's values by name, and what is wrong with them: the field, its value, the reason."""
    decoded, wrong = text.decoded(line)
    if decoded is None:
        return {}, ("line", text.shown(line), wrong)
    values = _parted(decoded, file.delimiter.decode())
    if values is None:
        return {}, ("line", decoded, "has a quote that is not closed")
    if len(values) != len(file.columns):
        return {}, ("line", decoded, f"has {len(values)} fields and not {len(file.columns)}")
    cells = dict(zip(file.columns, values, strict=True))
    fields: dict = {name: plain_id(cells[name]) for name in IDS}
    for name in IDS:
        if wrong := wrong_with(fields[name]):
            return fields, (f"{name} id", cells[name], wrong)
    rating = cells["rating"].strip()
    if not NUMBER.fullmatch(rating) or not abs(float(rating)) <= float(np.finfo(np.float32).max):
        return fields, ("rating", cells["rating"], "is not a number")
    time = times.seconds(cells["timestamp"].strip(), file.unit) if "timestamp" in cells else 0
    if time is None:
        kind = "a time as ISO 8601 has it" if file.unit == times.ISO else "a number"
        return fields, ("timestamp", cells["timestamp"], f"is not {kind}")
    return fields | {"rating": float(rating), "timestamp": time}, None


def _parted(line: str, delimiter: str) -> list[str] | None:
    """Splits a line into fields without quotes; None if a quote is not closed."""
    if '"' not in line:
        return line.split(delimiter)
    if len(delimiter) > 1:
        line, delimiter = line.replace(delimiter, SEPARATOR.decode()), SEPARATOR.decode()
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _columns(table: pa.Table) -> dict[str, pa.Array]:
    return {name: pa.concat_arrays(table.column(name).chunks) for name in table.column_names}
