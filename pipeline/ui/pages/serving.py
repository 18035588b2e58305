"""What is served: versions on disk, and whether a server answers with them."""

from typing import Any

from pipeline.origin import pushes
from pipeline.program import program
from pipeline.ui.server_status import CALLS, ask_server
from pipeline.ui.site import Site
from serving.models import MODELS
from serving.version_sets import members
from serving.versions import ROLLED_BACK, list_models, list_versions


def shown(site: Site, request) -> dict[str, Any]:
    """The versions of each model, newest first, those withdrawn, and what the server says."""
    known = pushes(site.lineage)
    served = [name for name in MODELS if list_versions(site.models, name)]
    names = [*MODELS, *(name for name in list_models(site.models) if name not in MODELS)]
    return {
        "program": program(),
        "models": [
            {
                "name": name,
                "versions": [
                    {
                        "version": version,
                        "with": [each for each in members(site.models, name, version) if each != name],
                        "push": known.get(version) if name in MODELS else None,
                    }
                    for version in reversed(list_versions(site.models, name))
                ],
                "withdrawn": list_versions(site.models / ROLLED_BACK, name)[::-1],
            }
            for name in names
        ],
        "folder": str(site.models),
        "server": ask_server(site.server, served, timed=request.query_params.get("time") == "1"),
        "calls": CALLS,
    }
