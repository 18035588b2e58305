"""All artifacts, by the node that made them."""

from typing import Any

from pipeline.program import program
from pipeline.ui.site import Site

PAGE = 60


def shown(site: Site, request) -> dict[str, Any]:
    """A row an artifact, newest first; of one type where the query names it."""
    artifacts = site.lineage.artifacts()
    types = sorted({each.type for each in artifacts})
    kind = request.query_params.get("type", "")
    chosen = [each for each in artifacts if kind in ("", each.type)]
    text = request.query_params.get("page", "1")
    page = int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 9 else 1
    page = max(page, 1)
    return {
        "program": program(),
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
