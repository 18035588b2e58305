"""What differs between two runs."""

from typing import Any

from starlette.exceptions import HTTPException

from pipeline.diff import change, difference
from pipeline.ui.site import Site


def shown(site: Site, request) -> dict[str, Any]:
    """The two runs that the query names, `one` and `other`, section by section."""
    ids = site.lineage.run_ids()
    if len(ids) < 2:
        raise HTTPException(404, "There are no two runs to compare yet.")
    one = request.query_params.get("one") or ids[1]
    other = request.query_params.get("other") or ids[0]
    found = difference(site.workspace, site.run(one), site.run(other))
    return {
        "all": ids,
        "one": one,
        "other": other,
        "parts": {name: rows for name, rows in found.items() if rows},
        "change": change,
    }
