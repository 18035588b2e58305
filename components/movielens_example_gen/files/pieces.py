"""Pieces of ratings files that can be read independently: bytes that end at a line's end, or row groups."""

import os
import re
from dataclasses import dataclass

from tfx.dsl.io import fileio

from components.movielens_example_gen.files.data_files import RatingsFile
from components.movielens_example_gen.reading.parquet import rows_of_groups

PIECE_BYTES = 16 << 20
_BLANKS = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class Piece:
    """A range of whole lines, or row groups, of a ratings file.

    Attributes:
        file: the file.
        start, end: its bytes, `end` excluded; of a Parquet file its row groups.
        first_row: the number of its first row among the rows of all files, from 0.
        rows: how many rows it has: lines, but for Parquet and sequences.
        first_line: the number of its first line in the file, from 1.
    """

    file: RatingsFile
    start: int
    end: int
    first_row: int
    rows: int
    first_line: int

    def read(self) -> bytes:
        """Reads the bytes of the lines."""
        with fileio.open(self.file.path, "rb") as file:
            file.seek(self.start)
            return file.read(self.end - self.start)


def cut(files: tuple[RatingsFile, ...], pieces: int | None = None) -> list[Piece]:
    """Cuts files into pieces of about 16 MiB, or into about as many as asked; reads each file once.

    Blank lines at a file's end are left out, and a last line needs no line end.
    """
    total = sum(_size(file) - file.start for file in files)
    target = max(1, -(-total // pieces)) if pieces else PIECE_BYTES
    result: list[Piece] = []
    row = 0
    for file in files:
        for piece in _cut(file, target, row):
            result.append(piece)
            row += piece.rows
    return result


def is_empty(file: RatingsFile) -> bool:
    """Tells whether the file holds no line that could be a rating."""
    if file.kind == "parquet":
        return not sum(rows_of_groups(file.path))
    with fileio.open(file.path, "rb") as handle:
        return _without_blank_end(handle, file.start, _size(file)) <= file.start


def _cut(file: RatingsFile, target: int, row: int):
    if file.kind == "parquet":
        yield from _cut_groups(file, target, row)
        return
    start, line, sequences = file.start, file.first_line, file.kind == "sequences"
    with fileio.open(file.path, "rb") as handle:
        end_of_data = _without_blank_end(handle, file.start, _size(file))
        while start < end_of_data:
            handle.seek(start)
            data = handle.read(min(target, end_of_data - start))
            while start + len(data) < end_of_data and not data.endswith(b"\n"):
                tail = handle.read(min(4096, end_of_data - start - len(data)))
                at = tail.find(b"\n")
                data += tail if at < 0 else tail[: at + 1]
            lines = data.count(b"\n") + (not data.endswith(b"\n"))
            rows = sum(_interactions(each, file) for each in data.split(b"\n")) if sequences else lines
            yield Piece(file, start, start + len(data), row, rows, line)
            start, row, line = start + len(data), row + rows, line + lines


def members_of(line: str, separator: str) -> list[str]:
    """Splits a line without quotes; a blank as separator stands for any number of blanks and tabs."""
    line = line.strip(" \t\r")
    if not line:
        return []
    return _BLANKS.split(line) if separator == " " else line.split(separator)


def _interactions(line: bytes, file: RatingsFile) -> int:
    """How many items a sequence has behind its user."""
    return max(0, len(members_of(line.decode("latin-1"), file.delimiter.decode("latin-1"))) - 1)


def _cut_groups(file: RatingsFile, target: int, row: int):
    """Cuts a Parquet file between its row groups, into pieces of about `target` bytes."""
    groups = rows_of_groups(file.path)
    each = max(1, round(target / max(1, _size(file) / max(1, len(groups)))))
    for first in range(0, len(groups), each):
        end = min(first + each, len(groups))
        rows, line = sum(groups[first:end]), 1 + sum(groups[:first])
        if rows:
            yield Piece(file, first, end, row, rows, line)
        row += rows


def _size(file: RatingsFile) -> int:
    with fileio.open(file.path, "rb") as handle:
        handle.seek(0, os.SEEK_END)
        return handle.tell()


def _without_blank_end(handle, start: int, end: int) -> int:
    """Returns the end of the last line that is not blank, without its line end."""
    while end > start:
        at = max(start, end - 4096)
        handle.seek(at)
        kept = handle.read(end - at).rstrip(b"\r\n")
        if kept:
            return at + len(kept)
        end = at
    return end
