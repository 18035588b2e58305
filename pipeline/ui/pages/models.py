"""Leaderboard page: every model that was trained in the workspace, with its metrics."""

from typing import Any

from pipeline.store import outcomes
from pipeline.store.metadata.lineage import Lineage, Run
from pipeline.store.origin import judge, pushes
from pipeline.ui.query import Query
from pipeline.ui.site import Site, sort_by

#: Columns by task, and whether lower values are better.
MEASURES = {
    "ranking": {
        "rmse": True,
        "mae": True,
        "log_loss": True,
        "auc": False,
        "calibration": False,
        "rated_ndcg@10": False,
    },
    "retrieval": {"ndcg@10": False, "recall@10": False, "recall@100": False, "coverage@10": False},
}
OF_CHANCES = ("log_loss", "auc")  # shown where a model of implicit data has them
_MORE = ("kind", "run", "blessed", "pushed")


def shown(site: Site, request) -> dict[str, Any]:
    """Returns one row per model of the requested task, best first."""
    query = Query(request.query_params, "task", "sort", "order")
    task = query.choice("task", MEASURES, "ranking")
    found = leaderboard(site.lineage, task)
    measures = {
        name: less
        for name, less in MEASURES[task].items()
        if name not in OF_CHANCES or any(name in row["metrics"] for row in found)
    }
    key = query.choice("sort", (*measures, *_MORE), next(iter(measures)))
    order = query.choice("order", ("asc", "desc"), "asc" if measures.get(key, False) else "desc")
    rows = [{**row, **row["metrics"]} for row in found]
    best = {
        name: (min if less else max)([row[name] for row in rows if row.get(name) is not None], default=None)
        for name, less in measures.items()
    }
    return {
        "task": task,
        "measures": measures,
        "rows": sort_by(rows, key, order != "asc"),
        "best": best,
        "sort": key,
        "order": "asc" if order == "asc" else "desc",
    }


def leaderboard(lineage: Lineage, task: str) -> list[dict[str, Any]]:
    """Returns every trained model of a task, with its metrics, blessing and pushed versions."""
    trainer = f"{task.capitalize()}Trainer"
    runs = lineage.runs()
    pushed = _pushed(lineage, runs, task)
    found = []
    for run in runs:
        node = run.nodes.get(trainer)
        if node is None or node.state != "done" or "model" not in node.outputs:
            continue  # from the cache: the run that trained it has the row
        artifact = node.outputs["model"]
        judged = judge(runs, task, artifact)
        model = outcomes.model(run.nodes | ({judged.name: judged} if judged else {}), task)
        assert model is not None  # its trainer is done and has made a model
        found.append(
            {
                "kind": model.kind,
                "run": run.run_id,
                "metrics": model.metrics,
                "blessed": model.blessed,
                "pushed": pushed.get(artifact.id, []) or None,
                "tuned": bool(model.tuned),
                "artifact": artifact,
                "settings": outcomes.main_settings(model.settings),
            }
        )
    return found


def _pushed(lineage: Lineage, runs: list[Run], task: str) -> dict[int, list[int]]:
    """Returns the pushed versions by the number of the model's artifact."""
    judged = {run.run_id: run.output(f"{task.capitalize()}Trainer", "model") for run in runs}
    found: dict[int, list[int]] = {}
    for version, push in pushes(lineage).items():
        if model := judged.get(push.made_in):  # the pushed model may have been refit on all data
            found.setdefault(model.id, []).append(version)
    return found
