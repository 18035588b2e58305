"""Description of a folder that holds no data set, with a hint at what to name instead."""

import os
from collections.abc import Collection

#: What operating systems leave in folders and archives.
JUNK = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})
PACKED = (".zip", ".tar", ".tar.gz", ".tgz", ".gz", ".tar.bz2", ".tar.xz", ".zst")
_TABLES = (".csv", ".tsv", ".txt")
_SHOWN = 20


def is_junk(name: str) -> bool:
    """Tells whether an operating system, not a person, creates files or folders of this name."""
    return name.rstrip("/") in JUNK or name.startswith("._")


def holds_ratings(names: Collection[str]) -> bool:
    """Tells whether files of these names form a data set in a known layout."""
    found = {"u.data", "u.item", "ratings.dat", "movies.dat", "ratings.csv"} & set(names)
    return bool(found) or any(name.endswith(".inter") for name in names)


def holding(folder: str, names: Collection[str]) -> tuple[str, str]:
    """Returns the contents in words, and a hint at what in the folder could be meant."""
    from tfx.dsl.io import fileio  # takes seconds, and is there as soon as a file is read

    there = sorted(name.rstrip("/") for name in names if not is_junk(name))
    more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
    listed = f"it holds {', '.join(map(_printable, there[:_SHOWN]))}{more}" if there else "it is empty"
    for inner in (os.path.join(folder, name) for name in there):
        if fileio.isdir(inner) and holds_ratings({each.rstrip("/") for each in fileio.listdir(inner)}):
            return listed, f"Name the folder with the ratings: {inner}"
    packed = [name for name in there if name.lower().endswith(PACKED)]
    if packed:
        return listed, f"Unpack it, or name the archive itself: {os.path.join(folder, packed[0])}"
    tables = [name for name in there if name.lower().endswith(_TABLES)]
    if len(tables) == 1:
        return listed, f"Name the file itself: {os.path.join(folder, tables[0])}"
    return listed, "Point data.path at the folder or file that holds the ratings."


def _printable(name: str) -> str:
    return name if name.isprintable() else repr(name)
