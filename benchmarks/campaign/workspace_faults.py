"""Inspection of a workspace for faults, which trusts nothing in it."""

import json
import sqlite3
from pathlib import Path

from serving.contract import MODELS
from serving.versions.placement import content
from serving.versions.renames import recover
from serving.versions.versions import list_versions

_UNFINISHED = (1, 2)  # NEW and RUNNING in ML Metadata
_COMPLETE = 3
_LIVE = 2
_OUTPUT = 4


class Inspector:
    """Checks one workspace repeatedly for faults.

    A served version is right if its bytes are those of a model that a finished node wrote, and never change.

    Args:
        workspace: folder of the workspace.
    """

    def __init__(self, workspace: Path):
        self._workspace = workspace
        self._whole: dict[Path, str] = {}  # checksum by folder of a model
        self._served: dict[tuple[str, int], str] = {}

    def faults(self, *, at_rest: bool) -> list[str]:
        """Returns one sentence per fault.

        Args:
            at_rest: whether the last run came to its end; after a kill, unfinished executions are no fault.
        """
        if not (self._workspace / "metadata.db").exists():
            return []
        return [*self._metadata(at_rest), *self._models(), *self._json()]

    def _metadata(self, at_rest: bool) -> list[str]:
        # Opened for writing, because the first reader after a kill must be able to roll back a hot journal.
        with sqlite3.connect(self._workspace / "metadata.db") as database:
            [(said,)] = database.execute("PRAGMA integrity_check").fetchall()[:1]
            if said != "ok":
                return [f"metadata.db is damaged: {said}"]
            if (
                not at_rest
                or not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'Execution'").fetchone()
            ):
                return []
            found = []
            [(running,)] = database.execute(
                f"SELECT COUNT(*) FROM Execution WHERE last_known_state IN {_UNFINISHED}"
            ).fetchall()
            if running:
                found.append(f"{running} executions are still marked as running")
            outputs = database.execute(
                "SELECT DISTINCT Artifact.uri FROM Artifact JOIN Event ON Event.artifact_id = Artifact.id "
                "JOIN Execution ON Execution.id = Event.execution_id "
                "WHERE Event.type = ? AND Execution.last_known_state = ? AND Artifact.state = ?",
                (_OUTPUT, _COMPLETE, _LIVE),
            ).fetchall()
            root = self._workspace / "artifacts"
            paths = [Path(uri) if Path(uri).is_absolute() else root / uri for (uri,) in outputs]
            return [
                *found,
                *(f"a finished node's output is missing: {path}" for path in paths if not path.exists()),
            ]

    def _models(self) -> list[str]:
        models = self._workspace / "serving_models"
        if not models.exists():
            return []
        recover(models)  # as every reader of the folder does first
        found = []
        versions = {name: list_versions(models, name) for name in MODELS}
        if len(set(map(tuple, versions.values()))) > 1:
            found.append(f"models that belong together have different versions: {versions}")
        for name, numbers in versions.items():
            for number in numbers:
                bytes_ = content(models / name / str(number))
                if self._served.setdefault((name, number), bytes_) != bytes_:
                    found.append(f"{name} {number} has changed since it was pushed")
                if bytes_ not in self._contents():
                    found.append(f"{name} {number} is not what any node wrote: half a version")
        return found

    def _contents(self) -> set[str]:
        for model in (self._workspace / "artifacts").glob("*/model/*/Format-Serving"):
            if model not in self._whole:
                self._whole[model] = content(model)
        return set(self._whole.values())

    def _json(self) -> list[str]:
        found = []
        for file in (self._workspace / "reports").glob("*/*.json"):
            try:
                json.loads(file.read_text(encoding="utf-8"))
            except ValueError as error:
                found.append(f"{file.relative_to(self._workspace)} cannot be read: {error}")
        return found
