"""Data behind the pages: a workspace, its served models, and the address of a model server."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException

from pipeline.store.metadata.lineage import Artifact, Lineage, Run
from pipeline.store.workspace import Workspace


@dataclass(frozen=True)
class Site:
    """Data sources of the pages.

    Args:
        workspace: workspace to show.
        models: folder with `<name>/<version>/`, whose versions can be tried and are listed as served.
        server: REST address of a model server.
    """

    workspace: Workspace
    models: Path
    server: str

    @property
    def lineage(self) -> Lineage:
        """Metadata of the workspace."""
        return Lineage(self.workspace.metadata_db)

    def run(self, run_id: str) -> Run:
        """Returns a run by its id; raises HTTPException 404 if there is none."""
        run = self.lineage.run(run_id)
        if run is None:
            raise HTTPException(404, f"There is no run {run_id} in this workspace.")
        return run

    def artifact(self, number: int) -> Artifact:
        """Returns an artifact by MLMD's number; raises HTTPException 404 if there is none."""
        for each in self.lineage.artifacts():
            if each.id == number:
                return each
        raise HTTPException(404, f"There is no artifact {number} in this workspace.")

    def inside(self, path: Path) -> bool:
        """Returns whether `path`, with links resolved, is in the workspace; pages read nothing else."""
        return path.resolve().is_relative_to(self.workspace.root.resolve())


def sort_by(rows: Iterable[dict[str, Any]], key: str, descending: bool) -> list[dict[str, Any]]:
    """Sorts rows by a column; rows without a value come last in both directions."""
    rows = list(rows)
    there = [row for row in rows if row.get(key) is not None]
    gone = [row for row in rows if row.get(key) is None]
    return sorted(there, key=lambda row: row[key], reverse=descending) + gone
