"""Folder of a prediction log: a file grows under a temporary name, and is renamed when it is complete.

Several servers may share a folder. A server locks the file that it writes, so an unlocked file belongs to a
dead server, and the next server that starts finishes it.
"""

import contextlib
import fcntl
import logging
import os
import time
import uuid
from pathlib import Path
from typing import BinaryIO

from serving.errors import ServingError
from serving.prediction_log.framing import FOOT, HEAD, is_whole, length_of

PARTIAL = ".partial"  # suffix of a file that is being written, or that a killed server left

log = logging.getLogger(__name__)


class LogFolder:
    """Appends records to `predictions-<UTC>-<random>.<suffix>` files.

    Args:
        folder: folder of the log; created if it does not exist.
        suffix: "jsonl" or "tfrecord".
        rotate_bytes, rotate_seconds: maximum size in bytes and age in seconds of a file.
    """

    def __init__(self, folder: Path, suffix: str, rotate_bytes: float, rotate_seconds: float):
        self._folder = folder
        self._suffix = suffix
        self._rotate_bytes = rotate_bytes
        self._rotate_seconds = rotate_seconds
        self._file: int | None = None
        self._path = Path()
        self._size = 0
        self._begun = 0.0

    def open(self) -> None:
        """Checks that the folder can be written, and finishes the files of killed servers.

        Raises:
            ServingError: the folder cannot be written.
        """
        try:
            probe = self._create()
            self._path.unlink(missing_ok=True)
            os.close(probe)
        except OSError as error:
            raise ServingError(
                f"Predictions cannot be logged to {self._folder}: {error.strerror}",
                "Name a folder that can be written, or serve without a log.",
            ) from None
        for left in sorted(self._folder.glob(f"[!.]*{PARTIAL}")):
            with contextlib.suppress(OSError):  # its server is alive, or another one was faster
                finish_left(left)

    def append(self, records: bytes) -> None:
        """Appends whole records. Raises OSError, and leaves the file as it was before."""
        if self._file is not None and _deleted(self._file):
            self._lost(self._file)
        if self._file is None:
            self._file, self._begun = self._create(), time.monotonic()
        try:
            written = 0
            while written < len(records):
                written += os.write(self._file, memoryview(records)[written:])
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(records)

    def seconds_left(self) -> float | None:
        """Returns the seconds until the file is old enough to be finished; None if there is no file."""
        if self._file is None:
            return None
        return max(0.0, self._begun + self._rotate_seconds - time.monotonic())

    def rotate_if_due(self) -> None:
        """Finishes a file that is large or old enough. Raises OSError."""
        if self._size >= self._rotate_bytes or self.seconds_left() == 0:
            self.rotate()

    def rotate(self) -> None:
        """Finishes the file, if there is one: syncs it to disk and renames it. Raises OSError."""
        if self._file is None:
            return
        if _deleted(self._file):
            self._lost(self._file)
            return
        file, size = self._file, self._size
        self._file, self._size = None, 0
        try:
            os.fsync(file)
            _rename_whole(self._path, size)
        finally:
            os.close(file)  # also releases the lock, which the rename needed

    def _lost(self, file: int) -> None:
        """Closes a file that was deleted, maybe with its folder, as nobody could read it."""
        log.error("%s was deleted while it was written; a new file is begun", self._path)
        os.close(file)
        self._file, self._size = None, 0

    def _create(self) -> int:
        """Creates a new file, which is locked before its name ends with PARTIAL."""
        self._folder.mkdir(parents=True, exist_ok=True)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        name = f"predictions-{stamp}-{uuid.uuid4().hex[:8]}.{self._suffix}{PARTIAL}"
        unlocked = self._folder / f".{name}"
        file = os.open(unlocked, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            with contextlib.suppress(OSError):  # on a file system without locks nobody finishes the file
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._path = self._folder / name
            os.rename(unlocked, self._path)
        except BaseException:
            os.close(file)
            unlocked.unlink(missing_ok=True)
            raise
        return file


def finish_left(path: Path) -> None:
    """Cuts the torn record off a file whose server is dead, and gives it its final name.

    Raises:
        OSError: the file's server is alive (BlockingIOError), or the file cannot be written.
    """
    with open(path, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
            return  # finished meanwhile by its server, or by another that has just started
        size = file.seek(0, os.SEEK_END)
        whole = _whole_records(file) if ".tfrecord" in path.name else _whole_lines(file, size)
        file.truncate(whole)
        _rename_whole(path, whole)
    cut = f", without the {size - whole} bytes of a torn record" if size > whole else ""
    log.warning("finished %s, which a server that was killed left%s", path, cut)


def _deleted(file: int) -> bool:
    return os.fstat(file).st_nlink == 0


def _rename_whole(path: Path, size: int) -> None:
    if size:
        os.rename(path, path.with_name(path.name.removesuffix(PARTIAL)))
    else:
        path.unlink()


def _whole_lines(file: BinaryIO, size: int) -> int:
    """Returns the end of the last complete line."""
    end, block = size, 1 << 16
    while end > 0:
        start = max(0, end - block)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _whole_records(file: BinaryIO) -> int:
    """Returns the end of the last complete record; the reader reports damaged ones before it."""
    file.seek(0)
    whole = 0
    while len(head := file.read(HEAD)) == HEAD and (length := length_of(head)) is not None:
        if is_whole(file.read(length), file.read(FOOT)):
            whole = file.tell()
    return whole
