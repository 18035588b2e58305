"""The lines of a file of movies or users as named cells: with a header, or in a layout that needs none."""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping

from tfx.dsl.io import fileio

from components.movielens_example_gen.files.foreign import refuse_foreign
from components.movielens_example_gen.reading import text
from components.movielens_example_gen.reading.bad_rows import BadRow, BadRows
from components.movielens_example_gen.reading.columns import read_header
from marquee.errors import DataError

Row = tuple[int, dict[str, str]]


def lines_of_text(path: str, delimiter: str, columns: tuple[str, ...], bad: BadRows) -> Iterator[Row]:
    """The number and the cells of each line of a file without a header.

    Args:
        path: the file; of before UTF-8, perhaps: see `text.encoding_of`.
        delimiter: what parts the cells.
        columns: their names.
        bad: told of lines that cannot be read.
    """
    for number, line, wrong in text.lines_of(_bytes(path), older=True):
        if wrong:
            bad.add(BadRow(path, number, "line", line, wrong))
        elif line.strip():
            yield from _named(path, [number], line.split(delimiter), columns, delimiter, bad)


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
    data = _bytes(path)
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


def _cells(path: str, lines: Iterable, delimiter: str, bad: BadRows) -> Iterator[tuple[list[int], list[str]]]:
    """The numbers of the lines that each row takes, and its cells. A line that is not UTF-8 is left out."""
    at, quotes = 1, 0
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


def _bytes(path: str) -> bytes:
    with fileio.open(path, "rb") as file:
        data = file.read()
    refuse_foreign(path, data[:4096])
    return data
