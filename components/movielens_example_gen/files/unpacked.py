"""Copies of described files whose lines can be read from any place: unpacked, and JSON documents as lines.

A copy keeps the names of its files, so that the description holds for it, and says where each came from, so
that errors name the user's own files.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson

from components.movielens_example_gen.config import DataConfig, PredefinedSplit
from components.movielens_example_gen.description import Described
from components.movielens_example_gen.files.archive import expand, is_compressed
from components.movielens_example_gen.files.contents import is_junk
from components.movielens_example_gen.files.described import SOURCES, files_of
from components.movielens_example_gen.files.formats import kind_of
from components.movielens_example_gen.reading.tables import entries_of
from components.movielens_example_gen.spans import find_spans
from marquee.errors import DataError

_VERSION = "1"  # of what copies hold


def unpacked(path: Path, config: DataConfig, cache_dir: Path, shown: str = "") -> Path:
    """Returns `path`, or a copy of its described files if some of them cannot be read as they are.

    Args:
        path: `data.path`: a folder or a file, no archive.
        config: with the description.
        cache_dir: where copies are kept; one is made once for the same content.
        shown: what the user calls `path`, if that is an unpacked archive.

    Raises:
        DataError: a file is not there, or damaged.
    """
    folder = path if path.is_dir() else path.parent
    if (folder / SOURCES).is_file():
        return path
    described = config.described
    assert described is not None  # the caller has a description
    files = list(dict.fromkeys(_files(path, config, described)))
    odd = {file for file, key in files if is_compressed(file) or _is_document(file, key, described)}
    if not odd:
        return path
    content = hashlib.md5(_VERSION.encode(), usedforsecurity=False)
    for file, _ in files:
        content.update(f"{file.relative_to(folder)} {_md5(file)} {file.parent}\n".encode())
    copy = cache_dir / f"{path.name.split('.')[0]}-{content.hexdigest()[:12]}"
    if not copy.is_dir():
        _copy(files, folder, odd, described, copy, shown)
    return copy if path.is_dir() else copy / path.name


def base_of(folder: Path, archive: Path, described: Described) -> Path:
    """Returns the folder within an unpacked archive that the description's paths start from.

    Raises:
        DataError: the files of interactions are nowhere in it.
    """
    inner = sorted(each for each in folder.rglob("*") if each.is_dir() and not is_junk(each.name))
    for each in (folder, *inner):
        if files_of(str(each), described.interactions.path, "interactions", described, optional=True):
            return each
    names = sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    raise DataError(
        f"{archive}: no {described.interactions.path or 'table'} in this archive; it holds "
        f"{', '.join(map(ascii, names[:20]))}{more}",
        "Correct data.interactions.path.",
    )


def _files(path: Path, config: DataConfig, described: Described) -> Iterator[tuple[Path, str]]:
    """Yields each described file, and which part of the description it is of."""
    split = config.split
    patterns: list[str | None] = [described.interactions.path]
    if isinstance(split, PredefinedSplit):
        patterns = [split.train_file, split.test_file]
    spans = [Path(span.path) for span in find_spans(str(path), config)]
    for base in spans or [path]:
        for pattern in patterns:
            for file in files_of(str(base), pattern, "interactions", described):
                yield Path(file), "interactions"
    for base in (path, *(span for span in spans if span.is_dir())):
        for key, given in (("items", described.items), ("users", described.users)):
            if given is not None:
                for file in files_of(
                    str(base), given.path or described.interactions.path, key, described, optional=True
                ):
                    yield Path(file), key


def _is_document(file: Path, key: str, described: Described) -> bool:
    """Tells whether a file of interactions is one JSON document, which cannot be cut into pieces."""
    return key == "interactions" and kind_of(str(file), str(file), described.interactions.format) == "json"


def _copy(
    files: list[tuple[Path, str]], folder: Path, odd: set[Path], described: Described, copy: Path, shown: str
) -> None:
    """Makes the copy, whole or not at all."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix=".unpacking-") as temporary:
        whole = Path(temporary) / "whole"
        sources = {}
        for file, key in files:
            relative = file.relative_to(folder)
            target = whole / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            if is_compressed(file):
                expand(file, target)
            else:
                shutil.copyfile(file, target)
            if _is_document(target, key, described):
                _as_lines(target, str(file))
            sources[str(relative)] = os.path.join(shown, str(relative)) if shown else str(file)
        (whole / SOURCES).write_text(json.dumps(sources, indent=1), encoding="utf-8")
        try:
            whole.rename(copy)
        except OSError:
            if not copy.is_dir():  # else another run was faster
                raise


def _as_lines(file: Path, shown: str) -> None:
    entries = entries_of(str(file), shown)
    if any(id is not None for id, _ in entries):
        raise DataError(
            f"{shown}: an object with an entry for each id is no list of interactions",
            "Write a list of objects, or one object per line.",
        )
    with file.open("wb") as lines:
        for _, entry in entries:
            lines.write(orjson.dumps(entry) + b"\n")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
