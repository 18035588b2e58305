"""The format of a described file: as described, and the rest told from its name and first bytes."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
from tfx.dsl.io import fileio

from components.movielens_example_gen.description import Format
from components.movielens_example_gen.files.data_files import Kind
from components.movielens_example_gen.files.foreign import refuse_foreign
from components.movielens_example_gen.files.pieces import members_of
from marquee.errors import DataError

HEAD = 1 << 16
PACKED = (".gz", ".zst", ".bz2", ".xz")
_SEPARATORS = (",", "\t", ";", "|", "::", " ")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Found:
    """The format of a table of text.

    Attributes:
        separator: what stands between two cells; a blank is any number of them.
        columns: the name of each cell.
        start: the byte at which the first row starts.
        first_line: the number of that line, from 1.
        sample: the cells of the first rows.
    """

    separator: str
    columns: tuple[str, ...]
    start: int
    first_line: int
    sample: tuple[tuple[str, ...], ...]

    def cells(self, column: str) -> list[str]:
        """Returns the first cells of a column."""
        place = self.columns.index(column)
        return [row[place] for row in self.sample if len(row) == len(self.columns)]


def kind_of(path: str, shown: str, given: Format) -> Kind:
    """Returns the kind of a file, as described or else as its name and first bytes say.

    Raises:
        DataError: it is described as Parquet or as something else, and is not.
    """
    head = head_of(path)
    parquet = head.startswith(b"PAR1")
    if given.kind is not None:
        if parquet != (given.kind == "parquet"):
            is_it = "this is Parquet" if parquet else "this is no Parquet file"
            raise DataError(f"{shown}: {is_it}, and format.kind is {given.kind}", "Correct format.kind.")
        return given.kind
    if parquet:
        return "parquet"
    name = _plain_name(shown)
    if name.endswith((".jsonl", ".ndjson")):
        return "jsonl"
    text = head.removeprefix(_BOM).lstrip()
    if text.startswith(b"{"):
        return "jsonl" if _is_object(text.split(b"\n")[0]) and text.count(b"\n{") else "json"
    if text.startswith(b"[") and (name.endswith(".json") or text[1:].lstrip()[:1] in (b"{", b"]")):
        return "json"
    return "text"


def head_of(path: str) -> bytes:
    """Returns a file's first bytes."""
    with fileio.open(path, "rb") as file:
        return file.read(HEAD)


def found_in(head: bytes, shown: str, given: Format, key: str, needed: Sequence[str]) -> Found:
    """Returns the format of a table of text.

    Args:
        head: its first bytes, HEAD of them or the whole file.
        shown: its name for messages.
        given: what is described.
        key: the part of the description, for messages.
        needed: columns that must be there.

    Raises:
        DataError: it is no text, or has no such columns.
    """
    refuse_foreign(shown, head)
    bom = len(_BOM) if head.startswith(_BOM) else 0
    first, end, rest = head[bom:].partition(b"\n")
    if not end and len(head) == HEAD:
        raise DataError(
            f"{shown}, line 1: it does not end within {HEAD:,} bytes: this is no table", "Name another file."
        )
    lines = [_text(line, given) for line in (first, *rest.split(b"\n")[: -1 if len(head) >= HEAD else None])]
    lines = [line for line in lines if line.strip()][:1000]
    separator = given.separator or _separator(lines, given, needed)
    rows = [tuple(cells) for line in lines if (cells := cells_of(line, separator)) is not None]
    header = tuple(cell.strip() for cell in rows[0]) if rows else ()
    if given.columns is not None:
        columns, headed = given.columns, False
        width = len(rows[0]) if rows else 0
        if width != len(columns):
            raise DataError(
                f"{shown}, line 1: {width} fields between {separator!r}, and data.{key}.format.columns names "
                f"{len(columns)}: {lines[0][:80]!r}",
                "Name one column for each field, or give the right separator.",
            )
    else:
        columns, headed = header, given.header is not False
    hint = f"Name the column as the file does, in data.{key}"
    if given.columns is None:
        hint += f"; if the first line is no header, name its columns in data.{key}.format.columns"
    need(
        shown if given.columns else f"{shown}, line 1",
        key,
        needed,
        columns if headed or given.columns else [],
        f"{hint}.",
    )
    start = bom + len(first) + len(end) if headed else bom
    names = tuple(
        name if name and name not in columns[:place] else f"#{place}" for place, name in enumerate(columns)
    )
    return Found(separator, names, start, 2 if headed else 1, tuple(rows[1:] if headed else rows))


def need(shown: str, key: str, columns: Iterable[str], there: Iterable[str], hint: str = "") -> None:
    """Raises DataError if a described column is not there; the message lists those that are."""
    there = list(there)
    missing = [column for column in columns if column not in there]
    if missing:
        names = ", ".join(repr(name[:40]) for name in there[:30]) + (", …" if len(there) > 30 else "")
        said = " and ".join(map(repr, missing))
        raise DataError(
            f"{shown}: no column {said}; its columns are {names}",
            hint or f"Name the column as the file does, in data.{key}.",
        )


def cells_of(line: str, separator: str) -> list[str] | None:
    """Splits a line; None if its quotes do not end in it."""
    if separator == " ":
        return members_of(line, separator)
    if len(separator) > 1:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return None


def _separator(lines: Sequence[str], given: Format, needed: Sequence[str]) -> str:
    """Returns the separator that parts the needed columns in the first line, or as many cells everywhere."""

    def suits(separator: str) -> tuple[bool, int]:
        rows = [cells_of(line, separator) or [] for line in lines[:100]]
        if given.columns is None:
            return set(needed) <= {cell.strip() for cell in rows[0]}, len(rows[0])
        return len(given.columns) == len(rows[0]), sum(len(row) == len(given.columns) for row in rows)

    candidates = [each for each in _SEPARATORS if not (given.decimal == "," and each == ",")]
    return max(candidates, key=suits) if lines else ","


def _text(line: bytes, given: Format) -> str:
    return line.decode(given.encoding, "replace").rstrip("\r")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _plain_name(path: str) -> str:
    name = path.lower()
    for suffix in PACKED:
        name = name.removesuffix(suffix)
    return name
