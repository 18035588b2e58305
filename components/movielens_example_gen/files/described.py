"""The files of described data: which they are, and what their columns mean."""

import fnmatch
import json
import os
import re
from collections.abc import Sequence

from tfx.dsl.io import fileio

from components.movielens_example_gen.config import DataConfig, PredefinedSplit
from components.movielens_example_gen.description import Described, Interactions, Items, Users
from components.movielens_example_gen.files.contents import is_junk
from components.movielens_example_gen.files.data_files import Layout, Meaning, RatingsFile, TableFile
from components.movielens_example_gen.files.foreign import refuse_foreign
from components.movielens_example_gen.files.formats import HEAD, found_in, head_of, kind_of, need
from components.movielens_example_gen.reading import parquet, times
from components.movielens_example_gen.reading.json_cells import object_of
from components.movielens_example_gen.reading.values import columns_of, unit_of_cells
from marquee.errors import DataError
from trainer.data.description import Time

_PATTERN = re.compile(r"[*?\[]")
_NO_DATA = re.compile(
    r"readme.*|licen[cs]e.*|.*\.(md|html?|pdf|py|ya?ml|pbtxt|md5|sha256|crc)|_.*", re.IGNORECASE
)
_PLACE = ("user", "item", "timestamp")
#: In a copy of unpacked files: where each came from.
SOURCES = ".marquee-sources.json"


def described_layout(path: str, described: Described, config: DataConfig) -> Layout:
    """Returns the layout of described data.

    Args:
        path: the folder, or the one file of interactions.
        described: the description.
        config: with its split, which may name files.

    Raises:
        DataError: a file is not there, or is not as described.
    """
    tables = described_tables(path, described, optional=config.spans is not None)
    split = config.split
    named: list[tuple[str | None, bool]]
    if isinstance(split, PredefinedSplit):
        named = [(split.train_file, False), (split.test_file, True)]
    else:
        named = [(described.interactions.path, False)]
    ratings = tuple(
        _ratings_file(file, path, described.interactions, held_out)
        for pattern, held_out in named
        for file in files_of(path, pattern, "interactions", described)
    )
    items, users = (tables.items, tables.users) if tables else ((), ())
    return Layout("described", ratings, items, users, described.description)


def described_tables(path: str, described: Described, optional: bool = True) -> Layout | None:
    """Returns the described files of items and users alone; None if there are none.

    Raises:
        DataError: files of a description are not there, and are not optional.
    """
    items = _tables(path, described.items, "items", described, optional)
    users = _tables(path, described.users, "users", described, optional)
    return Layout("described", (), items, users, described.description) if items or users else None


def _tables(
    path: str, given: Items | Users | None, key: str, described: Described, optional: bool
) -> tuple[TableFile, ...]:
    if given is None:
        return ()
    files = files_of(path, given.path or described.interactions.path, key, described, optional)
    return tuple(TableFile(file, given, source=source_of(file, path)) for file in files)


def files_of(
    path: str, pattern: str | None, key: str, described: Described, optional: bool = False
) -> list[str]:
    """Returns the files that a pattern of the description means, in order.

    Args:
        path: `data.path`: a folder, or one file.
        pattern: a file, a folder or a pattern within it; null: all files of data that are not described as
            something else.
        key: the part of the description, for messages.
        described: the description.
        optional: whether there may be none.

    Raises:
        DataError: there is none.
    """
    folder = path if fileio.isdir(path) else os.path.dirname(path)
    if pattern is None:
        if not fileio.isdir(path):
            return [path]
        others = [each.path for each in (described.items, described.users) if each and each.path]
        found = [
            file for file in _all_in(folder) if not any(_matches(file, folder, other) for other in others)
        ]
    elif _PATTERN.search(pattern):
        found = [file for file in fileio.glob(os.path.join(folder, pattern)) if not fileio.isdir(file)]
        found = [file for file in found if _is_data(os.path.basename(file))]
    else:
        file = os.path.join(folder, pattern)
        found = _all_in(file) if fileio.isdir(file) else [file] if fileio.exists(file) else []
    if not found and not optional:
        there = ", ".join(sorted(name for name in fileio.listdir(folder or ".") if not is_junk(name))[:20])
        raise DataError(
            f"{os.path.join(folder, pattern or '')}: no such file for data.{key}; {folder} holds "
            f"{there or 'nothing'}",
            f"Correct data.{key}.path, or data.path.",
        )
    return sorted(found)


def source_of(path: str, base: str) -> str:
    """Returns the user's file that a file in a copy was made of; empty if the file is the user's own.

    Args:
        path: the file.
        base: the folder, or the file, that is read as one data set.
    """
    folder = base if fileio.isdir(base) else os.path.dirname(base)
    for each in (folder, os.path.dirname(folder.rstrip("/"))):  # of a span, the folder of all spans
        listed = os.path.join(each, SOURCES)
        if fileio.exists(listed):
            with fileio.open(listed, "r") as file:
                return json.loads(file.read()).get(os.path.relpath(path, each), "")
    return ""


def _matches(file: str, folder: str, pattern: str) -> bool:
    relative = os.path.relpath(file, folder)
    return fnmatch.fnmatchcase(relative, pattern) or relative.startswith(f"{pattern.rstrip('/')}/")


def _all_in(folder: str) -> list[str]:
    names = [name for name in fileio.listdir(folder) if _is_data(name.rstrip("/"))]
    files = (os.path.join(folder, name) for name in names)
    return [file for file in files if not fileio.isdir(file)]


def _is_data(name: str) -> bool:
    return not is_junk(name) and not name.startswith(".") and not _NO_DATA.fullmatch(name)


def _ratings_file(path: str, base: str, given: Interactions, held_out: bool) -> RatingsFile:
    shown = source_of(path, base)
    kind = kind_of(path, shown or path, given.format)
    if kind == "json":
        if not shown:  # what `unpacked` copied are lines
            raise DataError(f"{path}: interactions in one JSON document", "Write one JSON object per line.")
        kind = "jsonl"
    reading = {"parquet": _parquet, "jsonl": _jsonl, "sequences": _sequences}.get(kind, _text)
    return reading(path, shown, given, held_out)


def _needed(given: Interactions) -> list[str]:
    strength = given.rating.column if given.rating else given.count or (given.event and given.event.column)
    named = [given.user, given.item, strength, given.time and given.time.column]
    return list(dict.fromkeys([name for name in named if name] + [*columns_of(given.features).values()]))


def _text(path: str, source: str, given: Interactions, held_out: bool) -> RatingsFile:
    shown = source or path
    found = found_in(head_of(path), shown, given.format, "interactions", _needed(given))
    meaning, unit = _meaning(shown, given, found.cells)
    return RatingsFile(
        path, found.separator.encode(), found.columns, found.start, found.first_line, unit,
        _notes(shown, found.columns, given, unit), 0, "text", meaning, given.format.decimal,
        given.format.encoding, source, held_out,
    )  # fmt: skip


def _jsonl(path: str, source: str, given: Interactions, held_out: bool) -> RatingsFile:
    shown, head = source or path, head_of(path)
    refuse_foreign(shown, head, json=True)
    bom = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    lines = head[bom:].split(b"\n")[: -1 if len(head) == HEAD else None]
    rows = [cells for line in lines if (cells := object_of(line.decode("utf-8", "replace"))[0])]
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    optional = set(columns_of(given.features).values())  # a key that few objects have may be further down
    need(shown, "interactions", [name for name in _needed(given) if name not in optional], columns)
    meaning, unit = _meaning(shown, given, lambda column: [row.get(column, "") for row in rows])
    columns = tuple(dict.fromkeys([*columns, *_needed(given)]))
    notes = _notes(shown, columns, given, unit)
    return RatingsFile(
        path, b"", columns, bom, 1, unit, notes, 0, "jsonl", meaning, source=source, held_out=held_out
    )


def _parquet(path: str, source: str, given: Interactions, held_out: bool) -> RatingsFile:
    shown, columns = source or path, tuple(parquet.schema_of(path).names)
    need(shown, "interactions", _needed(given), columns)
    groups = parquet.rows_of_groups(path)
    head = parquet.row_groups(path, 0, min(1, len(groups)), _needed(given))
    meaning, unit = _meaning(shown, given, lambda column: head[column][:1000].to_pylist())
    notes = _notes(shown, columns, given, unit)
    return RatingsFile(
        path, b"", columns, 0, 1, unit, notes, 0, "parquet", meaning, source=source, held_out=held_out
    )


def _sequences(path: str, source: str, given: Interactions, held_out: bool) -> RatingsFile:
    shown = source or path
    refuse_foreign(shown, head_of(path))
    if given.features or given.rating or given.count or given.event or given.time:
        raise DataError(
            f"{shown}: a line of sequences has a user and items alone",
            "Leave rating, count, event, time and features out of data.interactions.",
        )
    meaning = Meaning(*_PLACE, rating=None, described=True)
    notes = (f"{os.path.basename(shown)}: the place in its line is the time of each interaction, from 0",)
    separator = (given.format.separator or " ").encode()
    return RatingsFile(
        path, separator, _PLACE, 0, 1, times.SECONDS, notes, 0, "sequences", meaning,
        encoding=given.format.encoding, source=source, held_out=held_out,
    )  # fmt: skip


def _meaning(shown: str, given: Interactions, cells) -> tuple[Meaning, str]:
    """Returns what the columns mean, and the unit of the times.

    Args:
        shown: the file for messages.
        given: the description.
        cells: a function from a column's name to its first cells.
    """
    unit = times.SECONDS
    if given.time:
        unit = unit_of_cells(shown, given.time.column, given.time.unit, cells(given.time.column))
    columns = columns_of(given.features)
    units = {
        key: unit_of_cells(shown, columns[key], feature.unit, _given(cells(columns[key]), feature))
        for key, feature in given.features.items()
        if isinstance(feature, Time) and feature.of is None
    }
    meaning = Meaning(
        user=given.user,
        item=given.item,
        time=given.time.column if given.time else None,
        rating=given.rating.column if given.rating else None,
        count=given.count,
        event=given.event,
        scale=given.rating.scale if given.rating else None,
        context=given.features,
        units=units,
        described=True,
    )
    return meaning, unit


def _given(cells: Sequence[str], feature: Time) -> list[str]:
    return [cell for cell in cells if cell.strip() and cell.strip() not in feature.none]


def _notes(shown: str, columns: Sequence[str], given: Interactions, unit: str) -> tuple[str, ...]:
    name = os.path.basename(shown)
    notes = []
    if given.time is None:
        notes.append(f"{name}: no column of times is described: every time is 0")
    elif unit != times.SECONDS:
        written = "as ISO 8601" if unit == times.ISO else f"in {unit}"
        notes.append(f"{name}: times are written {written}, and read as such")
    needed = _needed(given)
    unused = [column for column in columns if column not in needed]
    if unused:
        notes.append(f"{name}: columns not used: {', '.join(repr(column[:40]) for column in unused[:20])}")
    return tuple(notes)
