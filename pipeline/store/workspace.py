"""The one folder that holds everything a run writes (DESIGN.md, State). Deleting it is always safe."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from marquee.errors import MarqueeError


class InUse(MarqueeError):
    """Another process uses the workspace.

    Args:
        message, hint: message and hint, as of any MarqueeError.
        holder: the other process.
    """

    def __init__(self, message: str, hint: str, holder: str):
        super().__init__(message, hint)
        self.holder = holder


@dataclass(frozen=True)
class Workspace:
    """Paths below a workspace folder.

    Args:
        root: folder of the workspace; created on the first write.
    """

    root: Path

    @property
    def metadata_db(self) -> Path:
        """ML Metadata's SQLite file: every run, execution and artifact."""
        return self.root / "metadata.db"

    @property
    def artifacts(self) -> Path:
        """TFX's artifacts, one folder per node."""
        return self.root / "artifacts"

    @property
    def serving_models(self) -> Path:
        """Pushed models: `<name>/<version>/`."""
        return self.root / "serving_models"

    @property
    def logs(self) -> Path:
        """Logs, one per run, and those of TensorBoard."""
        return self.root / "logs"

    @property
    def reports(self) -> Path:
        """Reports, one folder per run."""
        return self.root / "reports"

    @property
    def cache(self) -> Path:
        """Downloads, training checkpoints, tuner trials: whatever saves work after an interruption."""
        return self.root / "cache"

    @contextlib.contextmanager
    def lock(self, what: Literal["run", "schedule", "once", "waiting"] = "run") -> Iterator[None]:
        """Locks the workspace, so that two runs, or two schedules, never use it at once.

        `once` is held by `schedule --once`, from before its run locks the workspace; `waiting` is held by the
        one that waits for it.

        The operating system holds the lock and releases it when the process ends, however it ends.

        Raises:
            InUse: another process holds it.
            MarqueeError: the folder cannot be written.
        """
        with self._lock_file(what) as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                holder = handle.read().strip() or "unknown"
                raise InUse(
                    f"workspace {self.root} is in use by another {what} (process {holder})",
                    "wait for it to end, or name another folder with --workspace",
                    holder,
                ) from None
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            yield

    def lock_holder(self) -> str | None:
        """Returns the process whose run has locked the workspace; None if there is none.

        Raises:
            MarqueeError: the folder cannot be written.
        """
        with self._lock_file("run") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                return handle.read().strip() or "unknown"
        return None

    def in_use(self) -> bool:
        """Returns whether a run has locked the workspace; unlike `lock_holder`, it writes nothing."""
        try:
            with open(self.root / ".lock") as handle:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def _lock_file(self, what: str) -> TextIO:
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            return open(self.root / (".lock" if what == "run" else f".{what}.lock"), "a+")
        except OSError as error:
            raise MarqueeError(
                f"workspace {self.root} cannot be written: {error.strerror}",
                "name another folder with --workspace",
            ) from None
