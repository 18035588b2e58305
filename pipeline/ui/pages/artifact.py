"""Page of an artifact: its type, the nodes that made and used it, its files, and previews."""

from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException

from pipeline.store.metadata.lineage import Artifact, Node
from pipeline.ui.previews import previews
from pipeline.ui.site import Site

FILES, RUNS = 60, 20
TEXT_BYTES = 200_000
_TEXT = (".json", ".txt", ".pbtxt", ".md", ".yaml", ".csv", ".log", "")


def shown(site: Site, request) -> dict[str, Any]:
    """Returns an artifact and its previews; without files if it lies outside the workspace."""
    artifact = site.artifact(request.path_params["number"])
    inside = site.inside(artifact.path)
    there = artifact.path.is_dir()
    return {
        "artifact": artifact,
        "inside": inside,
        "there": there,
        "files": _files(site, artifact) if inside and there else [],
        "previews": previews(artifact) if inside and there else [],
        "used": _used(site, artifact),
    }


def file_shown(site: Site, request) -> dict[str, Any]:
    """Returns the beginning of a text file in an artifact; 404 for a path outside the artifact's folder."""
    artifact = site.artifact(request.path_params["number"])
    path = request.path_params["path"]
    file = artifact.path / path
    if not _is_in(site, artifact, file):
        raise HTTPException(404, f"Artifact {artifact.id} has no such file.")
    with open(file, "rb") as content:
        start = content.read(TEXT_BYTES + 1)
    text = start[:TEXT_BYTES].decode("utf-8", errors="replace")
    return {
        "artifact": artifact,
        "path": path,
        "size": file.stat().st_size,
        "text": "" if "\0" in text or "\ufffd" in text[:2000] else text,
        "whole": len(start) <= TEXT_BYTES,
    }


def _is_in(site: Site, artifact: Artifact, file: Path) -> bool:
    folder = artifact.path.resolve()
    try:
        return site.inside(folder) and file.resolve().is_relative_to(folder) and file.is_file()
    except (OSError, ValueError):  # the name is too long, or contains a NUL
        return False


def _files(site: Site, artifact: Artifact) -> list[dict[str, Any]]:
    found = []
    for file in sorted(artifact.path.rglob("*")):
        if file.is_file() and site.inside(file):
            found.append(
                {
                    "path": str(file.relative_to(artifact.path)),
                    "size": file.stat().st_size,
                    "text": _is_text(file),
                }
            )
        if len(found) >= FILES:
            break
    return found


def _is_text(file: Path) -> bool:
    return file.suffix in _TEXT and not file.name.startswith(".")


def _used(site: Site, artifact: Artifact) -> list[tuple[str, list[str]]]:
    """Returns the runs, newest first, each with the nodes that read the artifact."""
    found = [
        (run.run_id, [node.name for node in run.nodes.values() if _takes(node, artifact)])
        for run in site.lineage.runs()
    ]
    return [(run_id, nodes) for run_id, nodes in found if nodes][:RUNS]


def _takes(node: Node, artifact: Artifact) -> bool:
    return any(each.id == artifact.id for each in node.taken.values())
