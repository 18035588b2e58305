"""Front page: served version, its quality, recent runs, and first steps."""

from typing import Any

from pipeline.store import outcomes
from pipeline.store.data_words import data_words
from pipeline.store.next_span import headline, next_span
from pipeline.store.origin import push_behind, pushes
from pipeline.store.runs.rows import row
from pipeline.ui.agreement import Agreement, agreement
from pipeline.ui.charts import Line, line_chart
from pipeline.ui.query import Query
from pipeline.ui.server_status import ask_server
from pipeline.ui.site import Site
from serving.versions.placement import front
from serving.versions.versions import ROLLED_BACK, list_versions

RECENT = 6


def shown(site: Site, request) -> dict[str, Any]:
    """Returns the newest runs, the served version, the data, and a line chart of recent models' metrics."""
    Query(request.query_params)
    lineage = site.lineage
    runs = lineage.runs()
    known = pushes(lineage)
    found = _agreement(site)
    version = found.version if found and found.version else front(site.models, "recommender")
    push = push_behind(known, site.models, "recommender", version) if version else None
    pushed_nodes = lineage.made_from(push) if push else {}
    run = lineage.run(push.made_in) if push else None
    latest = lineage.run(runs[0].run_id) if runs else None
    rows = [row(site.workspace, each, known) for each in runs[:RECENT]]
    return {
        "runs": rows,
        "number_of_runs": len(runs),
        "live": bool(rows) and rows[0]["state"] == "running",
        "version": version,
        "agreement": found,
        "push": push,
        "models": [model for task in outcomes.TASKS if (model := outcomes.model(pushed_nodes, task))],
        "test": (outcomes.test(run.nodes) if run else None) or {},
        "by_time": headline(by_time) if run and (by_time := next_span(run.nodes)) and by_time["made"] else "",
        "data": outcomes.data(latest.nodes) if latest else None,
        "data_words": data_words(latest.nodes if latest else {}),
        "words": data_words(run.nodes if run else {}),
        "trend": _trend(runs),
    }


def _agreement(site: Site) -> Agreement | None:
    """Compares the server's version with the disk; returns None if there is nothing to compare."""
    disk = list_versions(site.models, "recommender")
    server = ask_server(site.server, ["recommender"], timeout=0.5)
    withdrawn = list_versions(site.models / ROLLED_BACK, "recommender")
    return agreement(server, "recommender", disk, withdrawn) if disk else None


def _trend(runs):
    """Returns RMSE and nDCG@10 on `eval` by run, oldest first; None if there are fewer than two."""
    found = [
        (run.run_id, outcomes.metrics(run.nodes, "ranking"), outcomes.metrics(run.nodes, "retrieval"))
        for run in reversed(runs[:30])
    ]
    lines = [
        Line(label, [(entry[0], entry[place][key]) for entry in found if key in entry[place]])
        for label, place, key in (
            ("Ranking: RMSE, lower is better", 1, "rmse"),
            ("Ranking: log loss, lower is better", 1, "log_loss"),
            ("Retrieval: nDCG@10", 2, "ndcg@10"),
        )
    ]
    return [line_chart([line], height=120) for line in lines if len(line.points) > 1]
