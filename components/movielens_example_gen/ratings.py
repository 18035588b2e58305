"""The ratings of a piece as Arrow columns, parsed by Arrow's CSV reader.

A rating is refused only when it cannot be read: a wrong number of fields, an empty id, a rating or time that
is not a finite number. Whether a rating of 9 makes sense is the schema's to say.
"""

import csv
import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from components.movielens_example_gen.bad_rows import BadRow, BadRows
from components.movielens_example_gen.layouts import RatingsFile
from components.movielens_example_gen.pieces import Piece

NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LATEST = 2.0**53  # a time is read as a double: beyond this it would no longer be the number in the file
SEPARATOR = b"\x1f"
SCHEMA = pa.schema(
    {"user": pa.string(), "movie": pa.string(), "rating": pa.float32(), "timestamp": pa.int64()}
)


@dataclass(frozen=True)
class Ratings:
    """Ratings that could be read.

    Attributes:
        table: `user`, `movie` (string), `rating` (float32), `timestamp` (int64, 0 where the file has none).
        rows: int64[n], each one's row in the piece, from 0.
        bad: the rows that are missing from the table.
    """

    table: pa.Table
    rows: np.ndarray
    bad: BadRows


def read(piece: Piece) -> Ratings:
    """Reads the ratings of a piece. Damaged lines are in the result's `bad`, never an exception."""
    data = piece.read()
    fields = _split_fast(data, piece)
    if fields is not None:
        try:
            return Ratings(_numbers(fields), np.arange(piece.rows), BadRows())
        except (pa.ArrowInvalid, ValueError):
            pass  # a field of some row is wrong: find out which
    return _read_slowly(data, piece)


def _split_fast(data: bytes, piece: Piece) -> dict[str, pa.Array] | None:
    """The fields of each line as binary columns, or None if any line is not as it should be."""
    file = piece.file
    delimiter = file.delimiter
    if len(delimiter) > 1:  # Arrow parts fields by one character only
        data, delimiter = data.replace(delimiter, SEPARATOR), SEPARATOR
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(data),
            pa_csv.ReadOptions(column_names=list(file.columns), use_threads=False, block_size=len(data) + 1),
            pa_csv.ParseOptions(
                delimiter=delimiter.decode(),
                quote_char='"' if delimiter == b"," else False,
                ignore_empty_lines=False,
            ),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(file.columns, pa.binary()),
                include_columns=_wanted(file),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    # Fewer rows than lines: a quote that was never closed swallowed some.
    return _columns(table) if len(table) == piece.rows else None


def _numbers(fields: dict[str, pa.Array]) -> pa.Table:
    """Binary columns to typed ones; raises ArrowInvalid or ValueError if any value is wrong."""
    text = {name: column.cast(pa.string()) for name, column in fields.items()}
    rating = text["rating"].cast(pa.float32())
    time = text["timestamp"].cast(pa.float64()) if "timestamp" in text else None
    shortest = min(pc.min(pc.binary_length(text[name])).as_py() or 0 for name in ("user", "movie"))
    if not shortest or not pc.all(pc.is_finite(rating)).as_py():
        raise ValueError
    if time is None:
        time = pa.array(np.zeros(len(rating), np.int64))
    elif not pc.all(pc.less_equal(pc.abs(time), LATEST)).as_py() or not pc.all(pc.is_finite(time)).as_py():
        raise ValueError
    return pa.table([text["user"], text["movie"], rating, time.cast(pa.int64(), safe=False)], schema=SCHEMA)


def _read_slowly(data: bytes, piece: Piece) -> Ratings:
    """Line by line: keeps what can be read and says of the rest what is wrong."""
    bad, good, rows = BadRows(), [], []
    for row, line in enumerate(data.removesuffix(b"\n").split(b"\n")):
        line = line.removesuffix(b"\r")
        if not line.strip():
            continue  # a blank line is not a rating
        fields, wrong = _fields(line, piece.file)
        if wrong:
            bad.add(BadRow(piece.file.path, piece.first_line + row, *wrong))
        else:
            time = int(float(fields.get("timestamp", "0")))
            good.append(fields | {"rating": float(fields["rating"]), "timestamp": time})
            rows.append(row)
    return Ratings(pa.Table.from_pylist(good, SCHEMA), np.array(rows, np.int64), bad)


def _fields(line: bytes, file: RatingsFile) -> tuple[dict[str, str], tuple[str, str, str] | None]:
    """A line's fields by name, and what is wrong with them: the field, its value, the reason."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return {}, ("line", line.decode("latin-1"), "is not UTF-8")
    delimiter = file.delimiter.decode()
    if delimiter == "," and '"' in text:
        try:
            values = next(csv.reader([text], strict=True))
        except csv.Error:
            return {}, ("line", text, "has a quote that is not closed")
    else:
        values = text.split(delimiter)
    if len(values) != len(file.columns):
        return {}, ("line", text, f"has {len(values)} fields and not {len(file.columns)}")
    fields = dict(zip(file.columns, values, strict=True))
    for name in ("user", "movie"):
        if not fields[name]:
            return fields, (f"{name} id", fields[name], "is empty")
    for name, largest in (("rating", float(np.finfo(np.float32).max)), ("timestamp", LATEST)):
        value = fields.get(name, "0")
        if not NUMBER.fullmatch(value) or not abs(float(value)) <= largest:
            return fields, (name, value, "is not a number")
    return fields, None


def _wanted(file: RatingsFile) -> list[str]:
    return [name for name in ("user", "movie", "rating", "timestamp") if name in file.columns]


def _columns(table: pa.Table) -> dict[str, pa.Array]:
    return {name: pa.concat_arrays(table.column(name).chunks) for name in table.column_names}
