"""Page of the differences between two or more runs."""

from typing import Any

from starlette.exceptions import HTTPException

from pipeline.store.origin import pushes
from pipeline.store.runs.diff import MEASURES, change, difference, unsure, verdicts
from pipeline.store.runs.rows import row
from pipeline.ui.query import Query
from pipeline.ui.site import Site

MOST = 12


def shown(site: Site, request) -> dict[str, Any]:
    """Compares the runs that the query names, oldest first; the newest two if it names none."""
    chosen = list(dict.fromkeys(Query(request.query_params, "run").texts("run")))
    ids = site.lineage.run_ids()
    if len(ids) < 2:
        raise HTTPException(404, "There are fewer than two runs: nothing to compare yet.")
    chosen = chosen or ids[1::-1]
    if len(chosen) > MOST:
        raise HTTPException(400, f"{len(chosen)} runs do not fit on a page: choose at most {MOST}.")
    if len(chosen) == 1:
        raise HTTPException(400, "One run cannot be compared: choose two or more.")
    runs = sorted((site.run(each) for each in chosen), key=lambda run: -ids.index(run.run_id))  # oldest first
    found = difference(site.workspace, *runs)
    best, known = verdicts(runs, found), pushes(site.lineage)
    return {
        "all": [each for each in ids if each not in chosen],
        "runs": [row(site.workspace, run, known) for run in runs],
        "parts": {name: each for name, each in found.items() if each},
        "best": best,
        "unsure": unsure(runs, best),
        "section_of_measures": MEASURES,
        "change": change,
        "without": lambda run_id: [each for each in chosen if each != run_id],
    }
