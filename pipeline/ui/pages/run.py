"""Page of a run: its nodes as graph and table, training, metrics, and the failure if there is one."""

import datetime
from typing import Any

from starlette.exceptions import HTTPException

from pipeline.drawing.svg_graph import Box, Drawing, draw
from pipeline.store import node_files, outcomes
from pipeline.store.data_words import data_words
from pipeline.store.duration import duration
from pipeline.store.judged_by import judged_by
from pipeline.store.metadata.lineage import Node, Run
from pipeline.store.next_span import next_span, sentences
from pipeline.store.pushed import PUSHER
from pipeline.store.runs.record import failure, recorded
from pipeline.store.runs.rows import row
from pipeline.store.served import whose_numbers
from pipeline.ui.charts import Line, line_chart
from pipeline.ui.query import Query
from pipeline.ui.site import Site

LOG_BYTES = 64_000


def shown(site: Site, request) -> dict[str, Any]:
    """Returns everything about the run in the URL."""
    Query(request.query_params)
    run = site.run(request.path_params["run_id"])
    overall = row(site.workspace, run)
    models = [model for task in outcomes.TASKS if (model := outcomes.model(run.nodes, task))]
    ids = site.lineage.run_ids()
    here = ids.index(run.run_id)
    return {
        "run": run,
        "row": overall,
        "live": overall["state"] == "running",
        "nodes": [_node(node, overall["state"]) for node in run.nodes.values()],
        "drawing": run_graph(run, overall["state"]),
        "failure": failure(site.workspace, run.run_id),
        "data": outcomes.data(run.nodes),
        "models": [
            {"model": model, "curves": _curves(run, model), "trials": _trials(run, model.task)}
            for model in models
        ],
        "together": outcomes.recommender(run.nodes),
        "by_time": list(sentences(found, data_words(run.nodes))) if (found := next_span(run.nodes)) else [],
        "words": data_words(run.nodes),
        "test": outcomes.test(run.nodes) or {},
        "measured": whose_numbers(run.nodes),
        "said": recorded(site.workspace, run.run_id).get("command", ""),
        "report": (site.workspace.reports / run.run_id / "report.html").is_file(),
        "log": (site.workspace.logs / f"run-{run.run_id}.log").is_file(),
        "before": ids[here + 1] if here + 1 < len(ids) else "",
        "after": ids[here - 1] if here else "",
    }


def log_shown(site: Site, request) -> dict[str, Any]:
    """Returns the end of the run's log."""
    run = site.run(request.path_params["run_id"])
    file = site.workspace.logs / f"run-{run.run_id}.log"
    if not file.is_file() or not site.inside(file):
        raise HTTPException(404, f"Run {run.run_id} has left no log.")
    size = file.stat().st_size
    with open(file, "rb") as log:
        log.seek(max(size - LOG_BYTES, 0))
        text = log.read().decode("utf-8", errors="replace")
    if size > LOG_BYTES:
        text = text.partition("\n")[2]
    return {"run": run, "text": text, "size": size, "whole": size <= LOG_BYTES, "file": str(file)}


def run_graph(run: Run, run_state: str) -> Drawing:
    """Draws the run's nodes, with an edge from each node to those that read its outputs."""
    maker = {artifact.id: node.name for node in run.nodes.values() for artifact in node.outputs.values()}
    boxes, inputs = [], {}
    for node in run.nodes.values():
        state = node_state(node, run_state)
        note = f"from {node.made_in}" if state == "cached" else state
        if state == "done":
            note = duration(node.seconds)
        boxes.append(Box(node.name, node.name, note, state, f"#node-{node.name}"))
        inputs[node.name] = {maker[each.id] for each in node.taken.values() if each.id in maker}
        if node.name in ("TemporalCheck", "RunReport"):  # these run last, and nothing depends on them
            inputs[node.name] |= {PUSHER} & run.nodes.keys()
    return draw(boxes, inputs)


def node_state(node: Node, run_state: str) -> str:
    """Returns a node's state; `interrupted` if a killed run left it running."""
    stale = run_state == "interrupted" and node.state in ("running", "new")
    return "interrupted" if stale else node.state


def _node(node: Node, run_state: str) -> dict[str, Any]:
    settings = outcomes.settings(node)
    state = node_state(node, run_state)
    running = datetime.datetime.now().timestamp() - node.started if state == "running" else 0.0
    return {
        "node": node,
        "state": state,
        "seconds": max(node.seconds, running),
        "settings": settings,
        "main": outcomes.main_settings(settings),
    }


def _curves(run: Run, model: outcomes.Model):
    """Returns the training curves: the loss, and the monitored metric on `eval`."""
    history = (node_files.training(model.task).read(run.nodes) or {}).get("history") or []
    if model.task == "ranking":
        key = f"val_{judged_by(history[-1] if history else {}).error}"
    else:
        key = f"val_{model.settings.get('stop_on', 'ndcg@10')}"
    charts = []
    for name, label in (("loss", "loss on train"), (key, f"{key.removeprefix('val_')} on eval")):
        points = [
            (f"epoch {i}", epoch[name]) for i, epoch in enumerate(history, 1) if epoch.get(name) is not None
        ]
        if points:
            charts.append(line_chart([Line(label, points)], height=130, title=label))
    return charts


def _trials(run: Run, task: str) -> dict[str, Any] | None:
    trials = node_files.trials(task).read(run.nodes)
    if not trials:
        return None
    return {"rows": trials, "settings": sorted({name for trial in trials for name in trial["values"]})}
