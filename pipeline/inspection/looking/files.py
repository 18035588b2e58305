"""The files of a data set: one file, those of a folder or an archive, shards of one table taken together."""

import re
from dataclasses import dataclass
from pathlib import Path

from components.movielens_example_gen.files.archive import compressed_file, is_archive, unpack
from components.movielens_example_gen.files.contents import is_junk
from marquee.errors import DataError

MOST_FILES = 2_000
_NO_DATA = re.compile(
    r"(readme|licen[cs]e|copying|changelog|requirements)\b.*|"
    r"_.*|.*\.(md|rst|pdf|html?|png|jpe?g|gif|svg|ya?ml|toml|ini|pbtxt|py|ipynb|sh|log|md5|sha\d+|docx?)",
    re.IGNORECASE,
)

#: Folders that programs make beside data.
_NOT_OURS = frozenset(("workspace", "node_modules", "__pycache__"))


@dataclass(frozen=True)
class DataFile:
    """A file, or several that are shards of one table.

    Attributes:
        within: its path or pattern within the data set's folder or archive; None: it is the data set.
        paths: where its shards are on this machine, in order.
    """

    within: str | None
    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        """Returns what people call it."""
        return self.within or self.paths[0].name


def find_files(path: Path, unpacked: Path) -> tuple[DataFile, ...]:
    """Returns the files that may hold data, by name; files whose names differ in digits alone are one.

    Args:
        path: a file, a folder or an archive.
        unpacked: an empty folder that an archive may be unpacked into.

    Raises:
        DataError: there is nothing, or no file that could be data.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder", "Name a file, a folder or an archive.")
    if path.is_file():
        if not is_archive(path) or compressed_file(path):
            return (DataFile(None, (path,)),)
        folder = unpack(path, unpacked / "archive")
    else:
        folder = path
    there = sorted(each for each in folder.rglob("*") if each.is_file())
    data = [each for each in there if _may_be_data(each.relative_to(folder))]
    if not data:
        names = ", ".join(str(each.relative_to(folder)) for each in there[:10]) or "nothing"
        raise DataError(f"{path}: no file in it can be data; it holds {names}", "Name another folder.")
    if len(data) > MOST_FILES:
        raise DataError(
            f"{path}: {len(data):,} files are more than one data set has",
            "Name the folder of the files that are meant.",
        )
    return _grouped(folder, data)


def apart(file: DataFile, folder: Path) -> tuple[DataFile, ...]:
    """Returns the shards of a file as files of their own."""
    return tuple(DataFile(str(path.relative_to(folder)), (path,)) for path in file.paths)


def _may_be_data(path: Path) -> bool:
    if any(is_junk(part) or part.startswith(".") or part in _NOT_OURS for part in path.parts):
        return False
    return not _NO_DATA.fullmatch(path.name)


def _grouped(folder: Path, paths: list[Path]) -> tuple[DataFile, ...]:
    groups: dict[tuple[Path, str], list[Path]] = {}
    for path in paths:
        groups.setdefault((path.parent, re.sub(r"\d+", "*", path.name)), []).append(path)
    files = []
    for (parent, pattern), shards in groups.items():
        alone = len(shards) == 1 or sorted(parent.glob(pattern)) != shards
        for each in [[shard] for shard in shards] if alone else [shards]:
            name = each[0].name if alone else pattern
            files.append(DataFile(str((parent / name).relative_to(folder)), tuple(each)))
    return tuple(files)
