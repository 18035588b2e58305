"""Page of all runs, newest first, to filter, sort and select for comparison."""

from typing import Any

from pipeline.store.measures import MAIN, headings
from pipeline.store.runs.filter import STATES, RunFilter
from pipeline.store.runs.rows import rows
from pipeline.ui.query import Query, page_of
from pipeline.ui.site import Site, sort_by

MEASURES = tuple(name for name, *_ in MAIN)
COLUMNS = ("run", "state", "seconds", "cached", "blessed", *MEASURES, "pushed")
FILTERS = ("tag", "status", "since", "config")
PAGE = 100


def shown(site: Site, request) -> dict[str, Any]:
    """Returns one row per matching run, sorted by a column, with a hundred per page."""
    query = Query(request.query_params, *FILTERS, "sort", "order", "page")
    asked = {name: query.text(name) for name in FILTERS}
    wanted = RunFilter.of(query.texts("tag"), asked["status"], asked["since"], asked["config"])
    every = rows(site.workspace)
    found = [{**each, **each["metrics"]} for each in wanted.chosen(every)]
    key, page = query.choice("sort", COLUMNS, "run"), page_of(query)
    descending = query.choice("order", ("asc", "desc"), "desc") == "desc"
    return {
        "rows": sort_by(found, key, descending)[(page - 1) * PAGE : page * PAGE],
        "number": len(found),
        "number_of_all": len(every),
        "asked": asked,
        "filtered": any(asked.values()),
        "states": STATES,
        "tags": sorted({tag for each in every for tag in each["tags"]}),
        "configs": sorted({each["pipeline"] for each in every}),
        "measures": headings(every),
        "sort": key,
        "order": "desc" if descending else "asc",
        "page": page,
        "pages": -(-len(found) // PAGE),
        "live": any(each["state"] == "running" for each in every),
    }
