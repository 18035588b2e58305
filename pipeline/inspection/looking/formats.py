"""Recognition of a file's format from its first bytes: kind, separator, header, decimal sign, encoding."""

import csv
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from components.movielens_example_gen.description import Format
from components.movielens_example_gen.files.foreign import refuse_foreign
from components.movielens_example_gen.reading import text
from components.movielens_example_gen.reading.times import NUMBER, iso_seconds
from marquee.errors import DataError
from pipeline.inspection.looking.opening import opened, packing
from pipeline.inspection.names import known, plain

HEAD = 1 << 18
_LINES = 300
#: In order of preference where several would do.
SEPARATORS = ("::", "\t", ";", ",", "|", " ")
WORDS = {"::": "`::`", "\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars", " ": "blanks"}
_COMMA_NUMBER = re.compile(r"-?\d+,\d+", re.ASCII)
_ID = re.compile(r"[\w.:-]*\d[\w.:-]*")


@dataclass(frozen=True)
class Recognised:
    """A recognised format.

    Attributes:
        format: for the configuration; without a header, columns get their names once they are guessed.
        columns: the names in the header, or the keys; None where there are none.
        how: the format in words, such as "CSV with a header".
        doubts: what was not certain, as whole sentences.
        width: the number of cells in a line of text.
    """

    format: Format
    columns: tuple[str, ...] | None
    how: str
    doubts: tuple[str, ...] = ()
    width: int = 0


def recognise_format(path: Path) -> Recognised:
    """Recognises the format of a file.

    Raises:
        DataError: it is no table: empty, binary, a web page, prose, …
    """
    with opened(path) as file:
        head = file.content.read(HEAD)
    packed = f", {kind}" if (kind := packing(path)) else ""
    if head.startswith(b"PAR1"):
        return Recognised(Format(kind="parquet"), None, f"Parquet{packed}")
    whole = len(head) < HEAD
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start in (b"{", b"["):
        return _json(path, head.removeprefix(b"\xef\xbb\xbf"), whole, packed)
    refuse_foreign(str(path), head)
    encoding, doubts = _encoding(path, head, whole)
    lines = head.removeprefix(b"\xef\xbb\xbf").decode(encoding, "replace").split("\n")
    lines = [line.removesuffix("\r") for line in (lines if whole else lines[:-1]) if line.strip()][:_LINES]
    if not lines:
        raise DataError(
            f"{path}, line 1: it does not end within {HEAD:,} bytes: this is no table", "Name another file."
        )
    separator, rows = _separator(lines)
    if separator is None:
        if sequence := _sequences(lines):
            fields = Format(kind="sequences", separator=sequence, encoding=encoding)
            return Recognised(fields, None, f"one line per user, {WORDS[sequence]}{packed}", doubts)
        raise DataError(
            f"{path}: no table: its lines have no separator in common that Marquee knows "
            f"(line 1: {lines[0][:60]!r})",
            "Write it with commas or tabs between the cells, as JSON Lines, or as Parquet.",
        )
    _check_first(path, cells_of(lines[0], separator), len(rows[0]))
    header, unsure = has_header(rows)
    if (
        header
        and (twice := next((name for name, count in Counter(rows[0]).items() if count > 1), None)) is not None
    ):
        raise DataError(f"{path}, line 1: two columns are called {twice!r}", "Rename one of them.")
    decimal = "," if separator != "," and _decimal_comma(rows[1:] or rows) else "."
    fields = Format(kind="text", separator=separator, header=header, decimal=decimal, encoding=encoding)
    words = {",": "CSV", "\t": "TSV"}.get(separator, f"text with {WORDS[separator]}")
    how = f"{words}, {'a header' if header else 'no header'}"
    if decimal == ",":
        how += ", decimal commas"
    if encoding != "utf-8":
        how += f", {encoding}"
    if unsure:
        taken = "names of columns" if header else "a row of data"
        doubts += (
            f"line 1 of {path.name} ({lines[0][:40]!r}) was taken as {taken}; "
            f"else set format.header to {str(not header).lower()}",
        )
    columns = tuple(cell.strip() for cell in rows[0]) if header else None
    return Recognised(fields, columns, how + packed, doubts, len(rows[0]))


def _check_first(path: Path, first: list[str], width: int) -> None:
    if len(first) != width:
        raise DataError(
            f"{path}, line 1: {len(first)} cells, and most lines have {width}",
            "Let the first line name every column, or take it away.",
        )


def _json(path: Path, head: bytes, whole: bool, packed: str) -> Recognised:
    first = head.lstrip().split(b"\n", 1)[0]
    try:
        row = json.loads(first)
        alone = whole and not head.strip()[len(first.strip()) :].strip()
    except (ValueError, RecursionError):
        row, alone = None, True
    if isinstance(row, dict) and not (alone and _by_id(row)):
        return Recognised(Format(kind="jsonl"), None, f"JSON Lines{packed}")
    if head.lstrip().startswith(b"["):
        return Recognised(Format(kind="json"), None, f"one JSON list of objects{packed}")
    return Recognised(Format(kind="json"), None, f"one JSON object, an entry for each id{packed}")


def _by_id(row: dict) -> bool:
    """Tells whether an object is entries by id, and not one row of cells."""
    kinds = {type(value) for value in row.values()}
    return kinds <= {dict} or (kinds <= {list} and len(row) > 1)


def _encoding(path: Path, head: bytes, whole: bool) -> tuple[str, tuple[str, ...]]:
    cut = head if whole else head[: head.rfind(b"\n") + 1]
    encoding = text.encoding_of(cut, older=True)
    if encoding == "utf-8":
        return encoding, ()
    return encoding, (f"{path.name} is not UTF-8; it was read as {encoding}: look at letters with accents",)


def cells_of(line: str, separator: str) -> list[str]:
    """Returns the cells of a line."""
    if separator == " ":
        return line.split()
    if len(separator) > 1:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def _separator(lines: list[str]) -> tuple[str | None, list[list[str]]]:
    """Returns the separator that gives most lines the same number of cells, at least two, and the rows."""
    found = []
    for place, separator in enumerate(SEPARATORS):
        rows = [cells_of(line, separator) for line in lines]
        width, count = Counter(map(len, rows)).most_common(1)[0]
        share = count / len(rows)
        if width < 2 or share < 0.9:
            continue
        if separator == " " and width > 4 and not all(_ID.fullmatch(cell) for row in rows for cell in row):
            continue  # prose whose lines happen to have as many words
        names = sum(known(cell) for cell in rows[0])
        found.append((names, share > 0.99, -place, separator, [row for row in rows if len(row) == width]))
    if not found:
        return None, []
    *_, separator, rows = max(found, key=lambda each: each[:3])
    return separator, rows


def _sequences(lines: list[str]) -> str | None:
    """Returns the separator of lines that hold a user and any number of items."""
    for separator in (" ", "\t", ","):
        rows = [[cell for cell in cells_of(line, separator) if cell] for line in lines]
        short = sum(len(row) < 2 for row in rows)
        ids = [cell for row in rows for cell in row]
        like = sum(bool(_ID.fullmatch(cell)) for cell in ids)
        users = len({row[0] for row in rows if row})
        if short <= 0.1 * len(rows) and like >= 0.9 * len(ids) and users >= 0.95 * len(rows):
            return separator
    return None


def has_header(rows: list[list[str]]) -> tuple[bool, bool]:
    """Tells whether the first row names the columns, and whether that is uncertain.

    Args:
        rows: the cells of the first lines, equally many each.
    """
    first = [cell.strip() for cell in rows[0]]
    if any(NUMBER.fullmatch(cell) or iso_seconds(cell) is not None for cell in first):
        return False, False
    later = rows[1:]
    if any(known(cell) for cell in first):
        return True, False
    for place, cell in enumerate(first):
        column = [row[place].strip() for row in later]
        numbers = sum(bool(NUMBER.fullmatch(each)) for each in column if each)
        if cell and column and numbers >= 0.9 * len([each for each in column if each] or [0]) and numbers:
            return True, False
        if cell in column:
            return False, False
    names = len({plain(cell) for cell in first}) == len(first) and all(first)
    return names and bool(later), True


def _decimal_comma(rows: list[list[str]]) -> bool:
    for column in zip(*rows, strict=True):
        cells = [cell.strip() for cell in column if cell.strip()]
        commas = sum(bool(_COMMA_NUMBER.fullmatch(cell)) for cell in cells)
        whole = sum(cell.lstrip("-").isdigit() for cell in cells)
        if commas and commas + whole >= 0.95 * len(cells):
            return True
    return False
