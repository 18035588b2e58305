"""What the pages show: a workspace, the models it serves, and a server's address."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException

from pipeline.store.metadata.lineage import Artifact, Lineage, Run
from pipeline.store.workspace import Workspace


@dataclass(frozen=True)
class Site:
    """What the pages read.

    Args:
        workspace: to be read.
        models: `<name>/<version>/` folders: what is tried and listed as served.
        server: a model server's REST address.
    """

    workspace: Workspace
    models: Path
    server: str

    @property
    def lineage(self) -> Lineage:
        """The workspace's metadata."""
        return Lineage(self.workspace.metadata_db)

    def run(self, run_id: str) -> Run:
        """A run by its name; HTTPException 404 where there is none."""
        run = self.lineage.run(run_id)
        if run is None:
            raise HTTPException(404, f"There is no run {run_id} in this workspace.")
        return run

    def artifact(self, number: int) -> Artifact:
        """An artifact by MLMD's number; HTTPException 404 where there is none."""
        for each in self.lineage.artifacts():
            if each.id == number:
                return each
        raise HTTPException(404, f"There is no artifact {number} in this workspace.")

    def inside(self, path: Path) -> bool:
        """Whether `path`, links followed, is below the workspace: nothing else is ever read for a page."""
        return path.resolve().is_relative_to(self.workspace.root.resolve())


def sort_by(rows: Iterable[dict[str, Any]], key: str, descending: bool) -> list[dict[str, Any]]:
    """Rows by a column; those that have nothing there come last, whichever way it goes."""
    rows = list(rows)
    there = [row for row in rows if row.get(key) is not None]
    gone = [row for row in rows if row.get(key) is None]
    return sorted(there, key=lambda row: row[key], reverse=descending) + gone
