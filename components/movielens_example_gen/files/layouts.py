"""Recognition of a data set's layout from its files.

| layout  | ratings                | movies       | users       | data sets                       |
|---------|------------------------|--------------|-------------|---------------------------------|
| u       | u.data (tabs)          | u.item       | u.user      | 100K                            |
| dat     | ratings.dat (`::`)     | movies.dat   | users.dat   | 1M; 10M has no users            |
| csv     | ratings.csv            | movies.csv   | users.csv   | latest-small, 20M, 25M, 32M, own|
| recbole | *.inter (tabs)         | *.item       | *.user      | 100K as the recbole package has |
"""

import csv
import os
from dataclasses import replace

from tfx.dsl.io import fileio

from components.movielens_example_gen.config import DataConfig, PredefinedSplit
from components.movielens_example_gen.description import Items, Users
from components.movielens_example_gen.files.contents import holding
from components.movielens_example_gen.files.data_files import (
    Layout,
    LayoutKind,
    RatingsFile,
    Special,
    TableFile,
)
from components.movielens_example_gen.files.described import described_layout
from components.movielens_example_gen.files.foreign import refuse_foreign
from components.movielens_example_gen.reading import times
from components.movielens_example_gen.reading.columns import RATINGS_COLUMNS, read_header
from components.movielens_example_gen.shipped import shipped, shipped_files
from marquee.errors import DataError

KINDS_OF_DATASET = {"ml-100k": ("u", "recbole"), "ml-1m": ("dat",), "ml-10m": ("dat",)}
_SPECIAL: dict[LayoutKind, Special] = {"u": "u", "dat": "dat", "csv": "", "recbole": "recbole"}


def recognise(path: str, config: DataConfig) -> Layout:
    """Recognises the data set at `path`: a folder, or one CSV file of ratings with others beside it.

    Raises:
        DataError: nothing is there, the files are of no known layout, one is missing, or they are not
            of the data set that the configuration names.
    """
    if not fileio.exists(path):
        raise DataError(f"{path}: no such file or folder", "Check data.path, or leave it out.")
    if config.described is not None:
        return described_layout(path, config.described, config)
    if not fileio.isdir(path):
        if config.dataset != "custom":
            raise DataError(
                f"{path}: {config.dataset} is a folder of files, and this is one file",
                "Name its folder or its zip archive, or set data.dataset: custom for ratings of your own.",
            )
        return _csv(os.path.dirname(path), os.path.basename(path), config)
    names = set(fileio.listdir(path))
    kind = _kind(path, names)
    if config.dataset != "custom" and kind not in KINDS_OF_DATASET.get(config.dataset, ("csv",)):
        raise DataError(
            f"{path}: its files are not those of {config.dataset}",
            "Set data.dataset to what the folder holds, or to custom.",
        )
    if kind == "csv":
        return _csv(path, "ratings.csv", config)
    return {"u": _u, "dat": _dat, "recbole": _recbole}[kind](path, names, config)


def recognise_tables(folder: str) -> Layout | None:
    """Recognises the movies and users in a folder without ratings; None if there are neither."""
    names = set(fileio.listdir(folder))
    tables: dict[LayoutKind, tuple[str, str]] = {
        "u": ("u.item", "u.user"),
        "dat": ("movies.dat", "users.dat"),
        "csv": ("movies.csv", "users.csv"),
    }
    for kind, files in tables.items():
        if set(files) & names:
            return _layout(kind, (), *(_if_there(folder, name, names) for name in files))
    return None


def _layout(
    kind: LayoutKind, ratings: tuple[RatingsFile, ...], items: str | None, users: str | None
) -> Layout:
    """Returns the layout of MovieLens's files, or of files that are named like them."""
    files = shipped_files(kind) if kind in ("u", "dat") else None

    def table(path: str | None, described: Items | Users | None) -> tuple[TableFile, ...]:
        return (TableFile(path, described, _SPECIAL[kind]),) if path else ()

    return Layout(
        kind,
        ratings,
        table(items, files.items if files else None),
        table(users, files.users if files else None),
        shipped("movielens"),
    )


def _kind(folder: str, names: set[str]) -> LayoutKind:
    if {"u.data", "u.item"} & names:
        return "u"
    if {"ratings.dat", "movies.dat"} & names:
        return "dat"
    if "ratings.csv" in names:
        return "csv"
    if _inter(names):
        return "recbole"
    listed, hint = holding(folder, names)
    raise DataError(
        f"{folder}: no ratings here: neither u.data, ratings.dat, ratings.csv nor a .inter file; {listed}",
        hint,
    )


def _u(folder: str, names: set[str], config: DataConfig) -> Layout:
    # A span may leave its tables to another one.
    table = _if_there if config.spans else _there
    return _layout(
        "u",
        _shipped_ratings("u", folder, names, config),
        table(folder, "u.item", names),
        table(folder, "u.user", names),
    )


def _dat(folder: str, names: set[str], config: DataConfig) -> Layout:
    ratings = _shipped_ratings("dat", folder, names, config)
    users = _if_there(folder, "users.dat", names)
    if users is None and config.dataset == "ml-1m":
        _there(folder, "users.dat", names)
    movies = (_if_there if config.spans else _there)(folder, "movies.dat", names)
    return _layout("dat", ratings, movies, users)


def _csv(folder: str, ratings_name: str, config: DataConfig) -> Layout:
    names = set(fileio.listdir(folder or "."))
    ratings = _held_out(
        [_headed(_there(folder, name, names)) for name in _rating_names(ratings_name, config)], config
    )
    if config.dataset != "custom":
        _there(folder, "movies.csv", names)
    return _layout("csv", ratings, *(_if_there(folder, name, names) for name in ("movies.csv", "users.csv")))


def _recbole(folder: str, names: set[str], config: DataConfig) -> Layout:
    inter = _inter(names)
    stem = inter.removesuffix(".inter")
    ratings = _held_out(
        [_headed(_there(folder, name, names)) for name in _rating_names(inter, config)], config
    )
    tables = (_if_there(folder, name, names) for name in (f"{stem}.item", f"{stem}.user"))
    return _layout("recbole", ratings, *tables)


def _shipped_ratings(
    kind: LayoutKind, folder: str, names: set[str], config: DataConfig
) -> tuple[RatingsFile, ...]:
    """Returns the files of ratings of a layout that a description ships for."""
    interactions = shipped_files(kind).interactions
    given = interactions.format
    assert interactions.path is not None  # as Marquee ships them
    assert given.separator is not None
    assert given.columns is not None
    files = [
        _headerless(_there(folder, name, names), given.separator.encode(), given.columns)
        for name in _rating_names(interactions.path, config)
    ]
    return _held_out(files, config)


def _held_out(files: list[RatingsFile], config: DataConfig) -> tuple[RatingsFile, ...]:
    """Marks the file that a predefined split names for `test`, which is the last."""
    if isinstance(config.split, PredefinedSplit):
        files = [*files[:-1], replace(files[-1], held_out=True)]
    return tuple(files)


def _inter(names: set[str]) -> str:
    """Returns the name of the first .inter file, or an empty string."""
    return min((name for name in names if name.endswith(".inter")), default="")


def _rating_names(whole: str, config: DataConfig) -> tuple[str, ...]:
    split = config.split
    return (split.train_file, split.test_file) if isinstance(split, PredefinedSplit) else (whole,)


def _there(folder: str, name: str, names: set[str]) -> str:
    if name not in names:
        raise DataError(
            f"{os.path.join(folder, name)}: the file is missing",
            "Unpack the whole archive, or change data.split if it names a file that is not there.",
        )
    return os.path.join(folder, name)


def _if_there(folder: str, name: str, names: set[str]) -> str | None:
    return os.path.join(folder, name) if name in names else None


def _headerless(path: str, delimiter: bytes, columns: tuple[str, ...]) -> RatingsFile:
    bom, line, sample = _first_lines(path)
    first = line.decode("utf-8", "replace").rstrip("\r\n")
    unit, notes = _unit(path, delimiter.decode(), columns, [first, *sample])
    return RatingsFile(path, delimiter, columns, bom, 1, unit or times.SECONDS, notes)


def _headed(path: str) -> RatingsFile:
    bom, line, sample = _first_lines(path)
    header = read_header(
        path, line.decode("utf-8", "replace").rstrip("\r\n"), RATINGS_COLUMNS, ("user", "movie", "rating")
    )
    columns, unused, name = header.columns, list(header.unused), os.path.basename(path)
    time = header.names.get("timestamp")
    unit, notes = _unit(path, header.delimiter, columns, sample)
    if time is None:
        notes = (f"{name} has no column of times: every time is 0",)
    elif unit is None and time.casefold() != "timestamp":  # a guess that was wrong
        columns = tuple("#time" if column == "timestamp" else column for column in columns)
        unused.append(time)
        notes = (f"{name}: the column {time!r} holds neither numbers nor ISO 8601: every time is 0",)
    elif time != "timestamp":
        notes = (f"{name}: times are read from the column {time!r}", *notes)
    if unused:
        notes = (*notes, f"{name}: columns not used: {', '.join(map(repr, unused))}")
    start = bom + len(line)
    return RatingsFile(path, header.delimiter.encode(), columns, start, 2, unit or times.SECONDS, notes)


def _unit(
    path: str, delimiter: str, columns: tuple[str, ...], sample: list[str]
) -> tuple[str | None, tuple[str, ...]]:
    """Returns the unit of the times, as `times.unit_of` does, and notes about it."""
    if "timestamp" not in columns:
        return times.SECONDS, ()
    place = columns.index("timestamp")
    rows = (row.split(delimiter) if len(delimiter) > 1 else _cells(row, delimiter) for row in sample)
    cells, name = [row[place] for row in rows if len(row) == len(columns)], os.path.basename(path)
    unit = times.unit_of(cells)
    if unit is None:
        return None, ()
    notes = []
    if unit != times.SECONDS:
        written = "as ISO 8601" if unit == times.ISO else f"in {unit}"
        notes.append(f"{name}: times are written {written}, and read as such")
    if others := times.in_other_units(cells, unit):
        notes.append(
            f"{name}: {others:,} of the first {len(cells):,} times look like another unit than {unit}"
        )
    return unit, tuple(notes)


def _cells(row: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([row], delimiter=delimiter), [])
    except csv.Error:
        return []


HEAD = 1 << 16


def _first_lines(path: str) -> tuple[int, bytes, list[str]]:
    """Returns the length of a byte order mark, the first line without it, and later whole lines as text."""
    with fileio.open(path, "rb") as file:
        head = file.read(HEAD)
    refuse_foreign(path, head)
    bom = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    line, end, rest = head[bom:].partition(b"\n")
    if not end and len(head) == HEAD:
        raise DataError(
            f"{path}, line 1: it does not end within {HEAD:,} bytes: this is no table of ratings",
            "Name a file with one rating per line.",
        )
    whole = rest.split(b"\n")[: -1 if len(head) == HEAD else None]
    return bom, line + end, [each.decode("utf-8", "replace").rstrip("\r") for each in whole]
