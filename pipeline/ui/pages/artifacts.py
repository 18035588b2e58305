"""Page of all artifacts, with the nodes that made them."""

from typing import Any

from pipeline.ui.query import Query, page_of
from pipeline.ui.site import Site

PAGE = 60


def shown(site: Site, request) -> dict[str, Any]:
    """Returns one row per artifact, newest first; only those of one type if the query names it."""
    query = Query(request.query_params, "type", "page")
    artifacts = site.lineage.artifacts()
    types = sorted({each.type for each in artifacts})
    kind = query.choice("type", types, "")
    chosen = [each for each in artifacts if kind in ("", each.type)]
    page = page_of(query)
    return {
        "types": types,
        "kind": kind,
        "rows": [
            {"artifact": each, "there": each.path.exists()}
            for each in chosen[(page - 1) * PAGE : page * PAGE]
        ],
        "number": len(chosen),
        "page": page,
        "pages": -(-len(chosen) // PAGE),
    }
