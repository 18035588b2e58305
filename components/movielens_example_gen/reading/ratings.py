"""The interactions of a piece as Arrow columns: parsed by Arrow at once, or row by row where that fails.

A row is refused only when it cannot be read: a wrong number of fields, an empty id, a rating that is no
finite number or not on the scale that a description gives, a count that is not above 0, an event type that is
not described, a time that is none, a context feature of another type. Whether a rating of 9 makes sense where
no scale is described is the schema's to say.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.movielens_example_gen.files.data_files import Meaning, RatingsFile
from components.movielens_example_gen.files.pieces import Piece
from components.movielens_example_gen.reading import times
from components.movielens_example_gen.reading.bad_rows import BadRow, BadRows
from components.movielens_example_gen.reading.cells import Wrong, columns_of_piece, rows_of_piece
from components.movielens_example_gen.reading.ids import plain_id, plain_ids, wrong_with
from components.movielens_example_gen.reading.times import NUMBER
from components.movielens_example_gen.reading.values import (
    WrongCell,
    column_of_values,
    columns_of,
    plain_numbers,
    type_of,
    value_of,
    with_point,
)
from trainer.data.features import EVENT

IDS = ("user", "movie")
SCHEMA = pa.schema(
    {"user": pa.string(), "movie": pa.string(), "rating": pa.float32(), "timestamp": pa.int64()}
)
_LARGEST = float(np.finfo(np.float32).max)
_CLOSE = 1e-4  # in steps of the scale


@dataclass(frozen=True)
class Ratings:
    """The interactions of a piece, and the rows that could not be read.

    Attributes:
        table: `user`, `movie` (string), `rating` (float32: the rating, or what the interaction is worth),
            `timestamp` (int64, 0 where the file has none), `event_type` (string) where there are several
            types, and the context features by key.
        rows: int64[n], each one's row in the piece, from 0.
        bad: the rows that are missing from the table.
        skipped: how many rows of which event type are missing because the description leaves them out.
    """

    table: pa.Table
    rows: np.ndarray
    bad: BadRows
    skipped: Counter[str] = field(default_factory=Counter)


def read(piece: Piece, only: Collection[str] | None = None) -> Ratings:
    """Reads the interactions of a piece. Damaged rows are in the result's `bad`, never an exception.

    Args:
        piece: the rows.
        only: the columns of the table that are wanted, None for all; what is wrong in others may then go
            unseen, which is faster.
    """
    schema = schema_of(piece.file.meaning)
    wanted = [name for name in schema.names if only is None or name in only]
    data = b"" if piece.file.kind == "parquet" else piece.read()
    fields = columns_of_piece(data, piece, _columns_for(wanted, piece.file))
    if fields is not None:
        try:
            return _typed(fields, wanted, piece)
        except (pa.ArrowInvalid, ValueError):
            pass  # a field of some row is wrong: find out which
    found = _read_slowly(data, piece, schema)
    return Ratings(found.table.select(wanted), found.rows, found.bad, found.skipped)


def schema_of(meaning: Meaning) -> pa.Schema:
    """Returns the schema of a table of interactions, with event types, and context features by key."""
    event = [pa.field(EVENT, pa.string())] if meaning.tells_events else []
    context = [pa.field(key, type_of(meaning.context[key])) for key in columns_of(meaning.context)]
    return pa.schema([*SCHEMA, *event, *context])


def _columns_for(wanted: list[str], file: RatingsFile) -> list[str]:
    """Returns the columns of the file that the wanted columns of the table are made of."""
    meaning = file.meaning
    sources = {
        **meaning.ids(),
        "rating": meaning.strength,
        "timestamp": file.time,
        EVENT: meaning.strength,
        **columns_of(meaning.context),
    }
    if meaning.event:  # which rows there are depends on it
        wanted = [*wanted, "rating"]
    return list(dict.fromkeys(column for name in wanted if (column := sources[name]) is not None))


def _typed(fields: dict[str, pa.Array], wanted: list[str], piece: Piece) -> Ratings:
    """Converts cells to typed columns; raises ArrowInvalid or ValueError if any value is wrong."""
    file, meaning = piece.file, piece.file.meaning
    columns = {name: column.cast(pa.string()) for name, column in fields.items()}
    rows, skipped = np.arange(piece.rows), Counter[str]()
    if meaning.event and meaning.event.others == "skip":
        rows, skipped = _known_events(columns[meaning.event.column], meaning)
        if skipped:
            columns = {name: column.take(pa.array(rows)) for name, column in columns.items()}
    typed: dict[str, pa.Array] = {
        name: plain_ids(columns[column]) for name, column in meaning.ids().items() if name in wanted
    }
    if "rating" in wanted:
        typed["rating"] = _strengths(columns, file, len(rows))
    if "timestamp" in wanted:
        typed["timestamp"] = (
            times.column_seconds(columns[file.time], file.unit)
            if file.time
            else pa.array(np.zeros(len(rows), np.int64))
        )
    if EVENT in wanted and meaning.event:
        typed[EVENT] = pc.utf8_trim_whitespace(columns[meaning.event.column])
    for key, column in columns_of(meaning.context).items():
        if key in wanted:
            unit = meaning.units.get(key, times.SECONDS)
            typed[key] = column_of_values(key, meaning.context[key], columns[column], unit, file.decimal)
    schema = schema_of(meaning)
    table = pa.table(
        [typed[name] for name in wanted], schema=pa.schema([schema.field(name) for name in wanted])
    )
    return Ratings(table, rows, BadRows(), skipped)


def _strengths(columns: dict[str, pa.Array], file: RatingsFile, rows: int) -> pa.Array:
    """float32[rows]: ratings, counts or weights of events; 1 where there is none of them."""
    meaning = file.meaning
    if meaning.event:
        coded = pc.utf8_trim_whitespace(columns[meaning.event.column]).dictionary_encode()
        weights = [meaning.event.weights.get(event) for event in coded.dictionary.to_pylist()]
        if None in weights:
            raise ValueError
        return pa.array(weights, pa.float32()).take(coded.indices)
    if meaning.strength is None:
        return pa.array(np.ones(rows, np.float32))
    cells = columns[meaning.strength]
    if meaning.described:
        cells = plain_numbers(cells, file.decimal)
    numbers = cells.cast(pa.float32())
    if not pc.all(pc.is_finite(numbers)).as_py():
        raise ValueError
    if meaning.count and not pc.all(pc.greater(numbers, 0)).as_py():
        raise ValueError
    if meaning.scale and not _on_scale(numbers.to_numpy(), meaning).all():
        raise ValueError
    return numbers


def _on_scale(ratings: np.ndarray, meaning: Meaning) -> np.ndarray:
    """bool[n]: whether each rating is on the described scale."""
    scale = meaning.scale
    assert scale is not None  # the caller has one
    span = scale.step or scale.max - scale.min
    there = (ratings >= scale.min - _CLOSE * span) & (ratings <= scale.max + _CLOSE * span)
    if scale.step:
        steps = (ratings - scale.min) / scale.step
        there &= np.abs(steps - np.round(steps)) <= _CLOSE
    return there


def _known_events(column: pa.Array, meaning: Meaning) -> tuple[np.ndarray, Counter[str]]:
    """The rows whose event type is described, and how many there are of the others."""
    assert meaning.event is not None  # the caller has one
    coded = pc.utf8_trim_whitespace(column).dictionary_encode()
    events = coded.dictionary.to_pylist()
    indices = coded.indices.to_numpy()
    counts = np.bincount(indices, minlength=len(events))
    known = np.array([event in meaning.event.weights for event in events], bool)
    skipped = Counter(
        {e: int(n) for e, n in zip(events, counts, strict=True) if e not in meaning.event.weights}
    )
    return np.flatnonzero(known[indices]) if len(events) else np.arange(0), skipped


def _read_slowly(data: bytes, piece: Piece, schema: pa.Schema) -> Ratings:
    """Reads row by row, keeps the valid ones and records what is wrong with the others."""
    bad, good, rows, skipped = BadRows(), [], [], Counter[str]()
    event = piece.file.meaning.event
    for row, line, cells, wrong in rows_of_piece(data, piece):
        values: dict = {}
        if not wrong and event and event.others == "skip":
            kind = cells[event.column].strip()
            if kind not in event.weights:
                skipped[kind] += 1
                continue
        if not wrong:
            values, wrong = _values(cells, piece.file)
        if wrong:
            bad.add(BadRow(piece.file.shown, line, *wrong))
        else:
            good.append(values)
            rows.append(row)
    return Ratings(pa.Table.from_pylist(good, schema), np.array(rows, np.int64), bad, skipped)


def _values(cells: dict[str, str], file: RatingsFile) -> tuple[dict, Wrong | None]:
    """Returns a row's values by name, and what is wrong with them, or None."""
    meaning = file.meaning
    values: dict = {name: plain_id(cells[column]) for name, column in meaning.ids().items()}
    for name, column in meaning.ids().items():
        if wrong := wrong_with(values[name]):
            return values, (column if meaning.described else f"{name} id", cells[column], wrong)
    values["rating"], reason = _strength(cells, file)
    if reason:
        assert meaning.strength is not None  # what is wrong is wrong with a cell
        return values, (meaning.strength, cells[meaning.strength], reason)
    time = times.seconds(cells[file.time].strip(), file.unit) if file.time else 0
    if time is None:
        assert file.time is not None  # without one the time is 0
        kind = "a time as ISO 8601 has it" if file.unit == times.ISO else "a number"
        return values, (file.time, cells[file.time], f"is not {kind}")
    values["timestamp"] = time
    if meaning.event and meaning.tells_events:
        values[EVENT] = cells[meaning.event.column].strip()
    try:
        for key, column in columns_of(meaning.context).items():
            unit = meaning.units.get(key, times.SECONDS)
            values[key] = value_of(key, meaning.context[key], cells[column], unit, file.decimal)
    except WrongCell as error:
        field, value, reason = error.args
        return values, (field, value, reason)
    return values, None


def _strength(cells: dict[str, str], file: RatingsFile) -> tuple[float, str]:
    """Returns what a row is worth, and what is wrong with the cell that says it, or nothing."""
    meaning = file.meaning
    if meaning.event:
        weight = meaning.event.weights.get(cells[meaning.event.column].strip())
        known = ", ".join(meaning.event.weights)
        return weight or 0.0, "" if weight else f"is none of the described event types ({known})"
    if meaning.strength is None:
        return 1.0, ""
    text = with_point(cells[meaning.strength].strip(), file.decimal)
    if not NUMBER.fullmatch(text) or not abs(float(text)) <= _LARGEST:
        return 0.0, "is not a number"
    number = float(text)
    if meaning.count and number <= 0:
        return 0.0, "is not above 0: leave out rows without an interaction"
    if meaning.scale and not _on_scale(np.array([number], np.float32), meaning)[0]:
        scale = meaning.scale
        steps = f" in steps of {scale.step:g}" if scale.step else ""
        return 0.0, f"is not on the scale from {scale.min:g} to {scale.max:g}{steps}"
    return number, ""
