"""Collects everything that is known of a run as plain data."""

from dataclasses import asdict
from typing import Any

from pipeline.store import outcomes
from pipeline.store.metadata.lineage import Node, Run
from pipeline.store.next_span import next_span
from pipeline.store.runs.record import failure, recorded
from pipeline.store.runs.rows import row
from pipeline.store.workspace import Workspace


def described(workspace: Workspace, run: Run) -> dict[str, Any]:
    """Returns a run as plain data: `run`, `nodes`, `data`, `models`, `test`, `failure`, `report`."""
    failed = failure(workspace, run.run_id)
    report = workspace.reports / run.run_id / "report.html"
    data = outcomes.data(run.nodes)
    models = {task: outcomes.model(run.nodes, task) for task in outcomes.TASKS}
    together = outcomes.recommender(run.nodes)
    overall = row(workspace, run)
    return {
        **overall,
        "failure": asdict(failed) if failed else None,
        "command": recorded(workspace, run.run_id).get("command", ""),
        "nodes": [_node(node, overall["state"]) for node in run.nodes.values()],
        "data": asdict(data) if data else None,
        "models": {task: asdict(model) for task, model in models.items() if model},
        "recommender": asdict(together) if together else None,
        "test": outcomes.test(run.nodes),
        "next_span": next_span(run.nodes),
        "report": str(report) if report.exists() else None,
        "log": str(workspace.logs / f"run-{run.run_id}.log"),
    }


def _node(node: Node, run_state: str) -> dict[str, Any]:
    stale = run_state == "interrupted" and node.state in ("running", "new")
    return {
        "node": node.name,
        "state": "interrupted" if stale else node.state,
        "seconds": node.seconds,
        "started": node.started,
        "made_in": node.made_in or node.run_id,
        "inputs": {key: artifact.uri for key, artifact in node.taken.items()},
        "outputs": {key: artifact.uri for key, artifact in node.outputs.items()},
        "settings": outcomes.settings(node),
    }
