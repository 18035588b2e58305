"""The folder that a bulk run writes: a manifest, parts that are whole or not there, and `_SUCCESS`.

```
_manifest.json                      what was asked, of which model; written first
parquet/part-00000.parquet          …
prediction_logs-00000-of-00003.gz   … as TFX's BulkInferrer names them
_SUCCESS                            written last, empty
```

Names that begin with "_" or "." are passed over by whatever reads a folder of Parquet.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.versions.renames import sync

MANIFEST = "_manifest.json"
SUCCESS = "_SUCCESS"
LOCK = ".lock"
_OURS = (SUCCESS, "parquet/part-*.parquet", "parquet/.part-*", "prediction_logs-*.gz", ".prediction_logs-*")
_BEFOREHAND = (LOCK, f".{MANIFEST}.part")  # what may be there before a manifest is


class BulkFolder:
    """A folder of answers that one process at a time writes; a context manager.

    Args:
        path: made where it is not there.

    Raises:
        ServingError: the folder cannot be written, or another process is writing it.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = open(path / LOCK, "w")  # noqa: SIM115 - open as long as this is
        except OSError as error:
            raise ServingError(
                f"{path} cannot be written: {error.strerror}", "Name another folder with --out."
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # dies with its process, however it dies
        except BlockingIOError:
            self._lock.close()
            raise ServingError(
                f"{path} is being written by another process", "Wait for it, or name another folder."
            ) from None

    def __enter__(self) -> "BulkFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def begin(self, manifest: dict[str, Any], overwrite: bool) -> None:
        """Makes the folder one of `manifest`'s answers.

        What a run with the same manifest has finished stays. What one with another manifest wrote is deleted
        with `overwrite`, and an error without it.

        Raises:
            ServingError: answers to something else, or files of somebody else.
        """
        before = self._manifest()
        if before == manifest and not overwrite:
            return
        if before is None and any(file.name not in _BEFOREHAND for file in self.path.iterdir()):
            raise ServingError(
                f"{self.path} holds files that no bulk run wrote",
                "Name an empty folder, or one that is not there yet, with --out.",
            )
        if before is not None and not overwrite:
            raise ServingError(
                f"{self.path} holds the answers to something else: {_differences(before, manifest)}",
                "Name another folder with --out, or write over this one with --overwrite.",
            )
        self._clear()
        with atomic(self.path / MANIFEST) as part:
            part.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")

    def finish(self) -> None:
        """Says that every part is there."""
        with atomic(self.path / SUCCESS) as part:
            part.touch()

    def _manifest(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    def _clear(self) -> None:
        """The manifest stays until the new one takes its place: until then the parts left are its own."""
        for pattern in _OURS:
            for file in self.path.glob(pattern):
                file.unlink()


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Gives a hidden place to write to, and puts it in `path`'s when all is written, to the disk."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        sync(part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    """A manifest's checksums tell two apart but say nothing to anybody: they are only named."""
    found = []
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old != new:
            short = isinstance(new, int | str) and len(str(new)) < 20
            found.append(f"{name} was {old} and is {new}" if short else f"different {name}")
    return ", ".join(found)
