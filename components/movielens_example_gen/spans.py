"""Selection of the spans to read, for data that arrives in spans.

A span is a folder in any known layout, or a file of ratings, in the folder `data.path`:

    data/span-0001/ratings.csv
    data/span-0002/ratings.csv, movies.csv
    data/span-0003.csv
    data/span-0004.partial/         still being written: ignored until it is renamed
    data/movies.csv, users.csv      for all of them

Described data has its own files in these folders, or one file of interactions with any ending.
Other names are ignored.
"""

import os
import re
from dataclasses import dataclass, replace

from tfx.dsl.io import fileio

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files.data_files import Layout
from components.movielens_example_gen.files.described import described_tables
from components.movielens_example_gen.files.layouts import recognise, recognise_tables
from components.movielens_example_gen.files.pieces import is_empty
from marquee.errors import DataError

_NAME = re.compile(r"span-(\d+)(\.csv)?")
_DESCRIBED_NAME = re.compile(r"span-(\d+)(\.[a-z0-9.]+)?", re.IGNORECASE)
_LIKE_A_NAME = re.compile(r"span.?\d.*", re.IGNORECASE)
_UNFINISHED = (".partial", ".part", ".tmp")


@dataclass(frozen=True)
class Span:
    """One span: its number, and its folder or file."""

    number: int
    path: str


def find_spans(path: str, config: DataConfig, chosen: str = "") -> list[Span]:
    """Returns the spans to read, oldest first; empty if the data does not come in spans.

    Args:
        path: the folder that holds them.
        config: with its window.
        chosen: what `name_of` said of the spans that were chosen earlier, so that one that has arrived since
            is not read under another's fingerprint; empty to choose now.

    Raises:
        DataError: there is none, one is missing between others, two have one number, or a name is neither a
            span's nor something else's.
    """
    if config.spans is None:
        return []
    there = _numbered(path, _NAME if config.described is None else _DESCRIBED_NAME)
    if chosen:
        first, newest = (int(number) for number in chosen.split("-"))
    else:
        newest, window = max(there), config.spans.window
        first = max(min(there), newest - window + 1) if window else min(there)
    missing = [number for number in range(first, newest + 1) if number not in there]
    if missing:
        names = ", ".join(f"span-{number:04}" for number in missing)
        later = f", or read what came later alone: data.spans.window={newest - missing[-1]}"
        raise DataError(
            f"{path}: {names} is missing between span-{min(there):04} and span-{max(there):04}",
            f"Deliver it{later if newest in there else ''}.",
        )
    return [Span(number, there[number]) for number in range(first, newest + 1)]


def name_of(spans: list[Span]) -> str:
    """`first-newest`, which `find_spans` takes as `chosen`; empty for none."""
    return f"{spans[0].number}-{spans[-1].number}" if spans else ""


def recognise_all(path: str, config: DataConfig, chosen: str = "") -> tuple[Layout, ...]:
    """Recognises the layout of a data set, or the layouts of its spans to read, oldest first.

    Movies and users beside the spans come before all, in a layout without ratings: what a span says of a
    movie or a user is newer.

    Raises:
        DataError: as `find_spans` and `layouts.recognise`, or a span is empty or not whole yet.
    """
    spans = find_spans(path, config, chosen)
    if not spans:
        return (recognise(path, config),)
    described = config.described
    tables = described_tables(path, described) if described else recognise_tables(path)
    found = (*([tables] if tables else []), *(_recognise(span, config) for span in spans))
    for key in ("items", "users"):
        if described and getattr(described, key) and not any(getattr(layout, key) for layout in found):
            raise DataError(
                f"{path}: no file for data.{key}, neither here nor in a span", f"Correct data.{key}.path."
            )
    return found


def _numbered(path: str, form: re.Pattern) -> dict[int, str]:
    if not fileio.exists(path) or not fileio.isdir(path):
        raise DataError(
            f"{path}: no such folder, and data.spans needs one that holds span-0001, span-0002 and so on",
            "Check data.path.",
        )
    there: dict[int, str] = {}
    for name in sorted(entry.rstrip("/") for entry in fileio.listdir(path)):
        if not _LIKE_A_NAME.fullmatch(name) or name.lower().endswith(_UNFINISHED):
            continue
        file = os.path.join(path, name)
        match = form.fullmatch(name)
        if not match:
            raise DataError(
                f"{file}: this looks like a span, but is not named like one",
                "Name it span-0001 or span-0001.csv; while it is being written, span-0001.partial.",
            )
        if (number := int(match[1])) in there:
            raise DataError(f"{file}: {there[number]} has the same number", "Give one of them another.")
        there[number] = file
    if not there:
        raise DataError(
            f"{path}: no span is here, neither a folder span-0001 nor a file span-0001.csv",
            "A span that is called .partial is not there yet: rename it when it is whole.",
        )
    return there


def _recognise(span: Span, config: DataConfig) -> Layout:
    if fileio.isdir(span.path):
        names = [name.rstrip("/") for name in fileio.listdir(span.path)]
        if not names:
            raise _empty(span)
        for name in names:
            if name.lower().endswith(_UNFINISHED):
                raise DataError(
                    f"{os.path.join(span.path, name)}: the span is still being written",
                    "Run again when it is whole. Call its folder .partial until then.",
                )
    layout = recognise(span.path, config)
    if not fileio.isdir(span.path):  # what lies beside a file lies beside all spans
        layout = replace(layout, items=(), users=())
    if all(is_empty(file) for file in layout.ratings):
        raise _empty(span)
    return replace(layout, ratings=tuple(replace(file, span=span.number) for file in layout.ratings))


def _empty(span: Span) -> DataError:
    return DataError(
        f"{span.path}: the span is empty: it holds no rating",
        "Deliver it again; if nothing was rated in that time, remove it and give its number to the next one.",
    )
