"""Serving page: the versions that a server answers with, next to those on disk."""

from collections.abc import Mapping
from typing import Any

from pipeline.store.metadata.lineage import Artifact
from pipeline.store.origin import push_behind, pushes
from pipeline.ui.agreement import agreement
from pipeline.ui.query import Query
from pipeline.ui.server_status import CALLS, ServerStatus, ask_server
from pipeline.ui.site import Site
from serving.models import MODELS
from serving.versions.version_sets import history, members
from serving.versions.versions import ROLLED_BACK, list_models, list_versions, version_folder


def shown(site: Site, request) -> dict[str, Any]:
    """Returns the versions of each model, newest first, with their status on disk and on the server."""
    timed = Query(request.query_params, "time").flag("time", "1")
    known = pushes(site.lineage)
    names = [*MODELS, *(name for name in list_models(site.models) if name not in MODELS)]
    server = ask_server(site.server, names, timed)
    return {
        "models": [_model(site, name, server, known) for name in names],
        "folder": str(site.models),
        "server": server,
        "calls": CALLS,
    }


def _model(site: Site, name: str, server: ServerStatus, known: Mapping[int, Artifact]) -> dict[str, Any]:
    disk, withdrawn = list_versions(site.models, name), list_versions(site.models / ROLLED_BACK, name)
    states = {each.version: each for each in server.models.get(name, [])}
    found = agreement(server, name, disk, withdrawn)
    newest = "served version" if found is None or found.agrees else "newest, to be served"
    rows = [
        {
            "version": version,
            "standing": _standing(site, name, version, disk, withdrawn, newest),
            "served": disk[-1:] == [version],
            "state": states.get(version),
            "with": [each for each in members(site.models, name, version) if each != name],
            "push": push_behind(known, site.models, name, version) if name in MODELS else None,
        }
        for version in sorted({*disk, *withdrawn, *states}, reverse=True)
    ]
    return {
        "name": name,
        "versions": rows,
        "answering": server.answering(name),
        "agreement": found,
    }


def _standing(site: Site, name: str, version: int, disk: list[int], withdrawn: list[int], newest: str) -> str:
    """Returns the status of a version on disk in a few words."""
    if version in disk:
        old = history(version_folder(site.models, name, version)).get("restored_from")
        kept = newest if version == disk[-1] else "kept"
        return f"{kept}, restored from {old}" if old else kept
    if version in withdrawn:
        when = str(history(version_folder(site.models / ROLLED_BACK, name, version)).get("withdrawn", ""))
        return f"withdrawn {when[:16].replace('T', ' ')}".strip()
    return "not on disk"
