"""Folder that a bulk run writes: a manifest, atomically written parts, and `_SUCCESS`.

```
_manifest.json                      request and model; written first
parquet/part-00000.parquet          …
prediction_logs-00000-of-00003.gz   … as TFX's BulkInferrer names them
_SUCCESS                            written last, empty
```

Readers of Parquet folders ignore names that begin with "_" or ".".
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
_BEFOREHAND = (LOCK, f".{MANIFEST}.part")  # files that may exist before a manifest


class BulkFolder:
    """Folder of recommendations that one process at a time writes; a context manager.

    Args:
        path: folder; created if it does not exist.

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
        """Prepares the folder for `manifest`.

        Parts of an earlier run with the same manifest are kept. Those of a run with another manifest are
        deleted with `overwrite`, and an error without it.

        Raises:
            ServingError: the folder holds the results of another request, or other files.
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
        """Marks the folder as complete."""
        with atomic(self.path / SUCCESS) as part:
            part.touch()

    def _manifest(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    def _clear(self) -> None:
        """Deletes the parts; the manifest stays until it is replaced, as it describes the remaining parts."""
        for pattern in _OURS:
            for file in self.path.glob(pattern):
                file.unlink()


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yields a hidden path to write to, and renames it to `path` when all is written and on disk."""
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
    """Describes how two manifests differ; checksums are named without their values."""
    found = []
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old != new:
            short = isinstance(new, int | str) and len(str(new)) < 20
            found.append(f"{name} was {old} and is {new}" if short else f"different {name}")
    return ", ".join(found)
