"""The cells of a piece of a file, by column, whatever the file's format.

Two ways to the same: `columns_of_piece`, by Arrow and all at once, which gives up as soon as anything is odd;
and `rows_of_piece`, row by row, which says what is wrong with each row that cannot be read.
"""

import csv
import re
from collections.abc import Iterator, Sequence

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv

from components.movielens_example_gen.files.pieces import Piece, members_of
from components.movielens_example_gen.reading import text
from components.movielens_example_gen.reading.json_cells import cells_of, object_of
from components.movielens_example_gen.reading.parquet import row_groups

SEPARATOR = b"\x1f"
BLANK = b" "
_BLANKS = re.compile(rb"[ \t]+")
_AROUND = re.compile(rb"^[ \t]+|[ \t]+(?=\r?$)", re.MULTILINE)

#: What is wrong with a row: the field, its value, the reason.
Wrong = tuple[str, str, str]


def columns_of_piece(data: bytes, piece: Piece, wanted: Sequence[str]) -> dict[str, pa.Array] | None:
    """Returns the cells of the wanted columns; None if any row is malformed.

    Args:
        data: what `piece.read` returned.
        piece: the rows.
        wanted: names of columns; those that the file does not have are left out.

    Returns:
        By column, text or binary[piece.rows].
    """
    if piece.file.kind == "parquet":
        return row_groups(piece.file.path, piece.start, piece.end, wanted)
    if piece.file.encoding != "utf-8":
        try:
            data = data.decode(piece.file.encoding).encode()
        except UnicodeDecodeError:
            return None
    if piece.file.kind == "jsonl":
        return _json_columns(data, piece, wanted)
    if piece.file.kind == "sequences":
        return _sequence_columns(data, piece, wanted)
    return _text_columns(data, piece, wanted)


def rows_of_piece(data: bytes, piece: Piece) -> Iterator[tuple[int, int, dict[str, str], Wrong | None]]:
    """Yields each row that is not blank: its number in the piece, its line, its cells, and what is wrong."""
    if piece.file.kind == "parquet":
        yield from _parquet_rows(piece)
    elif piece.file.kind == "sequences":
        yield from _sequence_rows(data, piece)
    else:
        parse = _json_fields if piece.file.kind == "jsonl" else _text_fields
        for row, line in enumerate(data.removesuffix(b"\n").split(b"\n")):
            line = line.removesuffix(b"\r")
            if line.strip():  # a blank line is not a rating
                cells, wrong = _decoded(line, piece, parse)
                yield row, piece.first_line + row, cells, wrong


def _decoded(line: bytes, piece: Piece, parse) -> tuple[dict[str, str], Wrong | None]:
    decoded, wrong = text.decoded(line, piece.file.encoding)
    if decoded is None:
        return {}, ("line", text.shown(line), wrong)
    return parse(decoded, piece)


# Tables of text.


def _text_columns(data: bytes, piece: Piece, wanted: Sequence[str]) -> dict[str, pa.Array] | None:
    file = piece.file
    delimiter = file.delimiter
    if len(delimiter) > 1 or delimiter == BLANK:  # Arrow parts fields by one character only
        if SEPARATOR in data:
            return None
        if delimiter == BLANK:
            if b'"' in data:
                return None
            data = _BLANKS.sub(SEPARATOR, _AROUND.sub(b"", data))
        else:
            data = data.replace(delimiter, SEPARATOR)
        delimiter = SEPARATOR
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


def _text_fields(line: str, piece: Piece) -> tuple[dict[str, str], Wrong | None]:
    file = piece.file
    values = parted(line, file.delimiter.decode())
    if values is None:
        return {}, ("line", line, "has a quote that is not closed")
    if len(values) != len(file.columns):
        return {}, ("line", line, f"has {len(values)} fields and not {len(file.columns)}")
    return dict(zip(file.columns, values, strict=True)), None


def parted(line: str, delimiter: str) -> list[str] | None:
    """Splits a line into fields without quotes; None if a quote is not closed."""
    if delimiter == " ":
        return members_of(line, delimiter)
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


# JSON Lines.


def _json_columns(data: bytes, piece: Piece, wanted: Sequence[str]) -> dict[str, pa.Array] | None:
    lines = data.removesuffix(b"\n").split(b"\n")
    try:
        rows = [cells_of(orjson.loads(line)) for line in lines]
    except (orjson.JSONDecodeError, TypeError):
        return None
    return {name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in wanted}


def _json_fields(line: str, piece: Piece) -> tuple[dict[str, str], Wrong | None]:
    cells, wrong = object_of(line)
    if wrong:
        return {}, ("line", line, wrong)
    return {name: cells.get(name, "") for name in {*piece.file.columns, *cells}}, None


# Parquet.


def _parquet_rows(piece: Piece) -> Iterator[tuple[int, int, dict[str, str], Wrong | None]]:
    columns = row_groups(piece.file.path, piece.start, piece.end, piece.file.columns)
    names = list(columns)
    cells = zip(*(column.to_pylist() for column in columns.values()), strict=True)
    for row, values in enumerate(cells):
        yield row, piece.first_line + row, dict(zip(names, values, strict=True)), None


# Sequences: a user and then items, in the order of time.


def _sequence_columns(data: bytes, piece: Piece, wanted: Sequence[str]) -> dict[str, pa.Array] | None:
    try:
        lines = [_members(line, piece) for line in data.decode().removesuffix("\n").split("\n")]
    except UnicodeDecodeError:
        return None
    lines = [line for line in lines if len(line) > 1]
    lengths = np.array([len(line) - 1 for line in lines], np.int64)
    user, item, time = piece.file.columns
    found: dict[str, pa.Array] = {}
    if user in wanted:
        users = pa.array([line[0] for line in lines], pa.string())
        found[user] = users.take(pa.array(np.repeat(np.arange(len(lines)), lengths)))
    if item in wanted:
        found[item] = pa.array([member for line in lines for member in line[1:]], pa.string())
    if time in wanted:
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        found[time] = pa.array(np.arange(lengths.sum()) - starts).cast(pa.string())
    return found


def _sequence_rows(data: bytes, piece: Piece) -> Iterator[tuple[int, int, dict[str, str], Wrong | None]]:
    row = 0
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n")):
        decoded, wrong = text.decoded(line, piece.file.encoding)
        members = _members(text.shown(line) if decoded is None else decoded, piece)
        for place, member in enumerate(members[1:]):
            cells = dict(zip(piece.file.columns, (members[0], member, str(place)), strict=True))
            yield row, piece.first_line + number, cells, ("line", text.shown(line), wrong) if wrong else None
            row += 1


def _members(line: str, piece: Piece) -> list[str]:
    return members_of(line, piece.file.delimiter.decode())
