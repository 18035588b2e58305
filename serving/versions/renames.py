"""Atomic groups of renames: a process killed between them leaves a journal, and the next one finishes."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from serving.errors import ServingError

JOURNAL = ".renames.json"
LOCK = ".lock"


def rename_all(root: str | Path, moves: Mapping[str, str]) -> None:
    """Renames every source to its destination, or none of them.

    The journal is written atomically first. From then on the renames are committed: if the process is killed
    between two of them, `recover` does the others. If a rename is refused, those before it are undone.

    Args:
        root: folder that holds the journal.
        moves: source to destination, both relative to `root` and on its file system; no destination exists.

    Raises:
        ServingError: a rename is refused; nothing is changed.
    """
    root = Path(root)
    unfinished = root / f"{JOURNAL}.unfinished"
    unfinished.write_text(json.dumps(dict(moves)))
    sync(unfinished)
    os.rename(unfinished, root / JOURNAL)
    sync(root)
    _finish(root, moves)


def recover(root: str | Path) -> None:
    """Finishes the renames of a process that was killed between them; does nothing if there are none.

    Raises:
        ServingError: one of them is refused by now; those done are undone, and nothing is left to recover.
    """
    if (Path(root) / JOURNAL).exists():
        with alone(root):
            pass


@contextmanager
def alone(root: str | Path) -> Iterator[None]:
    """Locks `root` against renames by other processes, and first finishes what a killed process began.

    It waits for the lock; otherwise the journal of a push under way would be taken for that of a killed one.
    The operating system holds the lock and releases it when the process ends. The lock is not reentrant. If
    `root` does not exist, nothing is locked.

    Raises:
        ServingError: as `recover`, or `root` cannot be written.
    """
    root = Path(root)
    if not root.is_dir():
        yield
        return
    try:
        handle = open(root / LOCK, "a")  # noqa: SIM115 - closed below, which releases the lock
    except OSError as error:
        raise ServingError(f"{root} cannot be written: {error.strerror}") from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            moves = json.loads((root / JOURNAL).read_text())
        except FileNotFoundError:
            moves = None
        if moves is not None:
            _finish(root, moves)
        yield


def sync(path: Path) -> None:
    """Syncs a file, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _finish(root: Path, moves: Mapping[str, str]) -> None:
    try:
        for source, destination in moves.items():
            if (root / source).exists() or not (root / destination).exists():  # else it is done already
                os.rename(root / source, root / destination)
    except OSError as error:
        _undo(root, moves)
        raise ServingError(
            f"Nothing was renamed under {root}: {source} cannot become {destination}: {error.strerror}"
        ) from None
    _forget(root, moves)


def _undo(root: Path, moves: Mapping[str, str]) -> None:
    for source, destination in moves.items():
        if not (root / source).exists() and (root / destination).exists():
            os.rename(root / destination, root / source)
    _forget(root, moves)


def _forget(root: Path, moves: Mapping[str, str]) -> None:
    """Syncs the renames to disk, then deletes the journal."""
    for folder in {(root / path).parent for move in moves.items() for path in move}:
        sync(folder)
    os.unlink(root / JOURNAL)
    sync(root)
