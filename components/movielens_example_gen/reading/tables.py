"""The rows of a file of items or users as named cells, in any of the formats."""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from tfx.dsl.io import fileio

from components.movielens_example_gen.description import Format
from components.movielens_example_gen.files.foreign import refuse_foreign
from components.movielens_example_gen.files.formats import Found, found_in, kind_of, need
from components.movielens_example_gen.reading import parquet, text
from components.movielens_example_gen.reading.bad_rows import BadRow, BadRows
from components.movielens_example_gen.reading.columns import read_header
from components.movielens_example_gen.reading.json_cells import cell_of, cells_of, object_of
from components.movielens_example_gen.reading.values import columns_of
from marquee.errors import DataError

Row = tuple[int, dict[str, str]]
#: The column of an entry of a JSON document that is no object.
VALUE = "value"


def rows_of_described(path: str, shown: str, described, key: str, bad: BadRows) -> Iterator[Row]:
    """The number and the cells of each row of a described file.

    Args:
        path: the file.
        shown: its name for messages.
        described: its description, `Items` or `Users`.
        key: what the configuration calls it: `items` or `users`.
        bad: told of rows that cannot be read.

    Raises:
        DataError: the file is of another format, or lacks a described column.
    """
    columns = list(
        dict.fromkeys([described.id, *([described.title] if key == "items" and described.title else [])])
    )
    columns += [column for column in columns_of(described.features).values() if column not in columns]
    kind = kind_of(path, shown, described.format)
    if kind == "sequences":
        raise DataError(f"{shown}: sequences are no table of {key}", f"Set {key}.format.kind to another one.")
    if kind == "parquet":
        need(shown, key, columns, parquet.schema_of(path).names)
        yield from enumerate(parquet.rows(path), start=1)
    elif kind == "text":
        yield from _described_lines(path, shown, described.format, key, columns, bad)
    else:
        rows = _json_lines if kind == "jsonl" else _json_entries
        there: set[str] = set()
        for number, cells in rows(path, shown, described, bad):
            there |= cells.keys()
            yield number, {**dict.fromkeys(columns, ""), **cells}
        if there:
            need(shown, key, columns, sorted(there))


def _described_lines(
    path: str, shown: str, given: Format, key: str, columns: list[str], bad: BadRows
) -> Iterator[Row]:
    data = _bytes(path, shown)
    found: Found = found_in(data[: 1 << 16], shown, given, key, columns)
    lines = text.lines_of(data, encoding=given.encoding)
    for _ in range(found.first_line - 1):
        next(lines)
    if len(found.separator) == 1 and found.separator != " ":
        for numbers, cells in _cells(shown, lines, found.separator, bad, at=found.first_line - 1):
            yield from _named(shown, numbers, cells, found.columns, found.separator, bad)
        return
    from components.movielens_example_gen.reading.cells import parted

    for number, line, wrong in lines:
        fields = parted(line, found.separator)
        if wrong or fields is None:
            bad.add(BadRow(shown, number, "line", line, wrong or "has a quote that is not closed"))
        elif line.strip():
            yield from _named(shown, [number], fields, found.columns, found.separator, bad)


def _json_lines(path: str, shown: str, described, bad: BadRows) -> Iterator[Row]:
    for number, line, wrong in text.lines_of(_bytes(path, shown, json=True)):
        if not line.strip():
            continue
        cells, refused = ({}, wrong) if wrong else object_of(line)
        if refused:
            bad.add(BadRow(shown, number, "line", line, refused))
        else:
            yield number, cells


def _json_entries(path: str, shown: str, described, bad: BadRows) -> Iterator[Row]:
    for number, (id, entry) in enumerate(entries_of(path, shown), start=1):
        try:
            cells = cells_of(entry)
        except TypeError:
            cells = {VALUE: cell_of(entry)}
        yield number, cells if id is None else {**cells, described.id: id}


def entries_of(path: str, shown: str) -> list[tuple[str | None, Any]]:
    """Returns the entries of a JSON document: those of a list, or with their ids those of an object.

    Raises:
        DataError: it is no JSON, or neither of them.
    """
    try:
        document = orjson.loads(_bytes(path, shown, json=True))
    except orjson.JSONDecodeError as error:
        raise DataError(f"{shown}: this is no JSON: {error}", "Write it again, as UTF-8.") from None
    if isinstance(document, dict):
        return list(document.items())
    if isinstance(document, list):
        return [(None, entry) for entry in document]
    raise DataError(f"{shown}: neither a list of objects nor an object", "Write one of them.")


def lines_of_text(
    path: str, delimiter: str, columns: tuple[str, ...], bad: BadRows, shown: str = ""
) -> Iterator[Row]:
    """The number and the cells of each line of a file without a header and without quotes.

    Args:
        path: the file; of before UTF-8, perhaps: see `text.encoding_of`.
        delimiter: what parts the cells.
        columns: their names.
        bad: told of lines that cannot be read.
        shown: its name for messages; empty: the path.
    """
    for number, line, wrong in text.lines_of(_bytes(path, shown or path), older=True):
        if wrong:
            bad.add(BadRow(shown or path, number, "line", line, wrong))
        elif line.strip():
            yield from _named(shown or path, [number], line.split(delimiter), columns, delimiter, bad)


def rows_of_table(path: str, wanted: Mapping, bad: BadRows, notes: list[str]) -> Iterator[Row]:
    """The same of a table whose first line names its columns.

    Args:
        path: the file, in UTF-8.
        wanted: the columns that can be used, as in `columns`; the first is needed, and one more.
        bad: told of rows that cannot be read.
        notes: told what is not used, and what is not there.

    Raises:
        DataError: the file is no text, or has no column of ids, or nothing beside it.
    """
    data = _bytes(path, path)
    lines = text.lines_of(data)
    _, first, wrong = next(lines)
    if wrong:
        raise DataError(f"{path}, line 1 {wrong}", "Write the file as UTF-8.")
    key, *others = wanted
    header = read_header(path, first, wanted, (key,))
    _tell(path, header, others, notes)
    for numbers, cells in _cells(path, lines, header.delimiter, bad):
        yield from _named(path, numbers, cells, header.columns, header.delimiter, bad)


def _tell(path: str, header, others: list[str], notes: list[str]) -> None:
    name = os.path.basename(path)
    if not any(other in header.names for other in others):
        raise DataError(
            f"{path}, line 1: no column beside the ids that can be used: "
            f"{', '.join(map(repr, header.unused)) or 'there is no other'}",
            f"Name them {' or '.join(others)}, or take the file away.",
        )
    for other in ("title", "genres"):
        if other in others and other not in header.names:
            notes.append(f"{name} has no column of {other if other == 'genres' else 'titles'}")
    if header.unused:
        notes.append(f"{name}: columns not used: {', '.join(map(repr, header.unused))}")


def _cells(
    path: str, lines: Iterable, delimiter: str, bad: BadRows, at: int = 1
) -> Iterator[tuple[list[int], list[str]]]:
    """The numbers of the lines that each row takes, and its cells. A line that is not UTF-8 is left out."""
    quotes = 0
    taken: list[int] = []

    def good() -> Iterator[str]:
        nonlocal at, quotes
        for number, line, wrong in lines:
            at = number
            if wrong:
                bad.add(BadRow(path, number, "line", line, wrong))
            else:
                quotes += line.count('"')
                taken.append(number)
                yield line + "\n"

    try:
        for cells in csv.reader(good(), delimiter=delimiter):
            # No field of a table with tabs spans a line end: a second stray quote closed the first.
            if len(taken) > 1 and (quotes % 2 or delimiter == "\t"):
                closed = "never closed" if quotes % 2 else f"closed only in line {taken[-1]}"
                wrong = f"is in a quote that line {taken[0]} opens, {closed}"
                for line in taken:
                    bad.add(BadRow(path, line, "line", "", wrong))
            else:
                yield list(taken), cells
            taken.clear()
            quotes = 0
    except csv.Error as error:
        raise DataError(f"{path}, line {at}: {error}", "Repair the line.") from None


def _named(
    path: str, lines: list[int], cells: list[str], columns: tuple[str, ...], delimiter: str, bad: BadRows
) -> Iterator[Row]:
    if len(cells) == len(columns):
        yield lines[-1], dict(zip(columns, cells, strict=True))
    elif any(cell.strip() for cell in cells):
        wrong = f"has {len(cells)} fields and not {len(columns)}"
        bad.add(BadRow(path, lines[0], "line", delimiter.join(cells), wrong))
        for line in lines[1:]:
            bad.add(BadRow(path, line, "line", "", f"belongs to a quote that line {lines[0]} opens"))


def _bytes(path: str, shown: str, json: bool = False) -> bytes:
    with fileio.open(path, "rb") as file:
        data = file.read()
    refuse_foreign(shown, data[:4096], json=json)
    return data
