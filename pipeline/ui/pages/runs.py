"""All runs, newest first; two of them can be chosen and compared."""

from typing import Any

from pipeline.program import program
from pipeline.runs import row
from pipeline.ui.site import Site, sort_by

COLUMNS = ("run", "state", "seconds", "cached", "blessed", "pushed")
PAGE = 100


def shown(site: Site, request) -> dict[str, Any]:
    """A row a run, sorted by a column, a hundred a page."""
    rows = [row(site.workspace, run) for run in site.lineage.runs()]
    key = request.query_params.get("sort", "run")
    key = key if key in COLUMNS else "run"
    descending = request.query_params.get("order", "desc") != "asc"
    page = max(int(request.query_params.get("page", "1") or 1) if _digits(request) else 1, 1)
    ordered = sort_by(rows, key, descending)
    return {
        "program": program(),
        "rows": ordered[(page - 1) * PAGE : page * PAGE],
        "all": [each["run"] for each in rows],
        "sort": key,
        "order": "desc" if descending else "asc",
        "page": page,
        "pages": -(-len(rows) // PAGE),
        "live": any(each["state"] == "running" for each in rows),
    }


def _digits(request) -> bool:
    text = request.query_params.get("page", "1")
    return text.isascii() and text.isdecimal() and len(text) < 9
