"""The first rows of a file as columns of cells, whatever its format."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from components.movielens_example_gen.description import Format
from marquee.errors import DataError
from pipeline.inspection.looking.files import DataFile
from pipeline.inspection.looking.formats import Recognised, recognise_format
from pipeline.inspection.looking.opening import Opened, damage_told, opened
from pipeline.inspection.looking.profiles import Profile

#: A file is read until it has given both; below that, whole.
ROWS, BYTES = 100_000, 4 << 20
#: Names of the columns of formats that have none.
SEQUENCE = ("user_id", "item_id")
BY_ID = ("item_id", "value")
_ONE_PER_LINE = 'Write one object per line, such as {"user": "7", "item": "B00X"}.'


@dataclass(frozen=True)
class Table:
    """What was read of a file.

    Attributes:
        file: the file, or its shards.
        recognised: its format.
        columns: its cells by column, equally many in each: text, or what JSON and Parquet have.
        whole: whether all of it was read.
        total: its number of rows, estimated if it was not.
        uneven: the number of lines that have another number of cells.
    """

    file: DataFile
    recognised: Recognised
    columns: dict[str, list[Any]]
    whole: bool
    total: int
    uneven: int = 0

    @property
    def name(self) -> str:
        """Returns what people call the file."""
        return self.file.name

    @property
    def format(self) -> Format:
        """Returns its format."""
        return self.recognised.format

    @property
    def headless(self) -> bool:
        """Tells whether nothing in the file names its columns."""
        return self.format.kind == "text" and not self.format.header and not self.format.columns

    @property
    def rows(self) -> int:
        """Returns the number of rows that were read."""
        return _count(self.columns)

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """Returns what the cells of each column are like."""
        decimal = self.format.decimal
        return {name: Profile(name, tuple(cells), decimal) for name, cells in self.columns.items()}

    def renamed(self, names: Sequence[str]) -> "Table":
        """Returns the table of a file without a header, with names for its columns."""
        columns = dict(zip(names, self.columns.values(), strict=True))
        format = self.format.model_copy(update={"columns": tuple(names)})
        return replace(self, columns=columns, recognised=replace(self.recognised, format=format))


def read_table(file: DataFile) -> Table:
    """Reads the first rows of a file.

    Raises:
        DataError: it is no table, or damaged.
    """
    recognised = recognise_format(file.paths[0])
    columns: dict[str, list[Any]] = {}
    uneven, seen = 0, 0.0
    for path in file.paths:
        with opened(path) as source, damage_told(path):
            read = _Reader(path, recognised, source)
            batches = _batches(read.rows(), 4096)
            for rows in batches:
                _append(columns, rows, read.names)
                if _count(columns) >= ROWS and source.file.tell() >= BYTES:
                    break
            done = source.done
            cut = next(batches, None) is not None
            seen += done if cut else 1.0
            uneven += read.uneven
            read.close()
        if cut or _count(columns) >= ROWS:
            break
    count, whole = _count(columns), seen == len(file.paths)
    if not count:
        raise DataError(f"{file.paths[0]}: it has a header and no row", "It was cut off; fetch it again.")
    total = count if whole else round(count * len(file.paths) / seen)
    return Table(file, recognised, columns, whole, total, uneven)


def _count(columns: dict[str, list[Any]]) -> int:
    return len(next(iter(columns.values()), []))


def _batches(rows: Iterable, size: int) -> Iterator[list]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _append(columns: dict[str, list[Any]], rows: list, names: Sequence[str] | None) -> None:
    have = _count(columns)
    if isinstance(rows[0], dict):
        for row in rows:
            for name in row:
                if name not in columns:
                    columns[name] = [None] * have
        for name, cells in columns.items():
            cells.extend(row.get(name) for row in rows)
        return
    width = len(rows[0])
    if not columns:
        columns.update({name: [] for name in names or _places(width)})
    for cells, column in zip(columns.values(), zip(*rows, strict=True), strict=True):
        cells.extend(column)


def _places(width: int) -> list[str]:
    return [f"column_{place + 1}" for place in range(width)]


class _Reader:
    """The rows of one file.

    Args:
        path: the file, for the messages.
        recognised: its format.
        source: the file, open at its start.
    """

    def __init__(self, path: Path, recognised: Recognised, source: Opened):
        self._path = path
        self._recognised = recognised
        self._source = source
        self.names = recognised.columns
        self.uneven = 0
        self._wrapper: io.TextIOWrapper | None = None

    def rows(self) -> Iterator:
        """Yields rows: cells in order, or dicts by column."""
        kind = self._recognised.format.kind
        if kind == "parquet":
            return self._parquet()
        if kind == "jsonl":
            return self._json_lines()
        if kind == "json":
            return self._json()
        if kind == "sequences":
            return self._sequences()
        return self._lines()

    def _text(self) -> io.TextIOWrapper:
        encoding = self._recognised.format.encoding
        name = "utf-8-sig" if encoding == "utf-8" else encoding
        self._wrapper = io.TextIOWrapper(self._source.content, name, errors="replace", newline="")
        return self._wrapper

    def close(self) -> None:
        """Lets go of the file, which whoever opened it closes."""
        if self._wrapper:
            self._wrapper.detach()

    def _lines(self) -> Iterator[list[str]]:
        separator, text = self._recognised.format.separator or ",", self._text()
        rows: Iterator[list[str]]
        if separator == " ":
            rows = (line.split() for line in text)
        elif len(separator) > 1:
            rows = (line.rstrip("\r\n").split(separator) for line in text)
        else:
            csv.field_size_limit(1 << 24)
            rows = csv.reader(text, delimiter=separator)
        width = self._recognised.width
        if self.names:
            next(rows, None)
        try:
            for row in rows:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) == width:
                    yield row
                else:
                    self.uneven += 1
        except csv.Error as error:
            raise DataError(f"{self._path}: {error}", "Repair the file.") from None

    def _sequences(self) -> Iterator[list[str]]:
        separator = self._recognised.format.separator
        self.names = SEQUENCE
        text = self._text()
        for line in text:
            user, *items = line.split() if separator == " " else line.rstrip("\r\n").split(separator)
            yield from ([user, item] for item in items)

    def _json_lines(self) -> Iterator[dict]:
        for number, line in enumerate(self._source.content, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise DataError(
                    f"{self._path}, line {number}: {line[:60]!r} is no JSON object", _ONE_PER_LINE
                )
            yield row

    def _json(self) -> Iterator[dict]:
        try:
            entries = json.load(self._source.content)
        except ValueError as error:
            raise DataError(
                f"{self._path}: this is no JSON: {error}", "It was cut off; fetch it again."
            ) from None
        if isinstance(entries, list):
            if not all(isinstance(entry, dict) for entry in entries):
                raise DataError(f"{self._path}: a JSON list of other things than objects", _ONE_PER_LINE)
            yield from entries
            return
        key, value = BY_ID
        for id, entry in entries.items():
            yield {key: id, **(entry if isinstance(entry, dict) else {value: entry})}

    def _parquet(self) -> Iterator[dict]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(io.BytesIO(self._source.content.read()))
        except pa.ArrowInvalid as error:
            raise DataError(
                f"{self._path}: this is no whole Parquet file: {error}", "Fetch it again."
            ) from None
        for batch in file.iter_batches(4096):
            yield from batch.to_pylist()
