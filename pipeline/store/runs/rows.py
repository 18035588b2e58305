"""Table of the runs in a workspace, one row per run, as `marquee runs` and the UI list them."""

from collections.abc import Mapping
from typing import Any

from marquee.errors import MarqueeError
from pipeline.store import outcomes
from pipeline.store.duration import run_seconds
from pipeline.store.measures import MAIN
from pipeline.store.metadata.lineage import Artifact, Lineage, Run
from pipeline.store.origin import push_behind, pushes
from pipeline.store.program import command
from pipeline.store.pushed import PUSHER, pushed
from pipeline.store.runs.labels import labels
from pipeline.store.runs.record import last_begun, recorded
from pipeline.store.workspace import Workspace
from serving.versions.placement import front

SERVED_BY = "recommender"  # the model whose version number stands for that of all models


def rows(workspace: Workspace) -> list[dict[str, Any]]:
    """Returns one row per run, newest first."""
    lineage = Lineage(workspace.metadata_db)
    runs = lineage.runs()
    known = pushes(lineage) if runs else {}
    return [row(workspace, run, known) for run in runs]


def row(workspace: Workspace, run: Run, known: Mapping[int, Artifact] | None = None) -> dict[str, Any]:
    """Returns the row of a run in a table.

    `pushed` is the version that this run pushed: 0 for none, None if it did not reach its pusher. `push` is
    the outcome of the push as plain data. `served` is whether the version that its models were pushed as, by
    this run or an earlier one, is the served version now. `blessed` is whether all models are; None if none
    was judged.

    Args:
        workspace: workspace of the run.
        run: the run.
        known: push that made each version; looked up if not given.
    """
    known = pushes(Lineage(workspace.metadata_db)) if known is None else known
    record, said = recorded(workspace, run.run_id), labels(workspace, run.run_id)
    was = state(workspace, run, record)
    blessings = [
        node.outputs["blessing"].properties.get("blessed") == 1
        for name, node in run.nodes.items()
        if name.endswith("Evaluator") and "blessing" in node.outputs
    ]
    push = pushed(run, known)
    new = push is not None and push.outcome == "pushed"
    served = (
        push is not None
        and push.outcome in ("pushed", "served")
        and _is_served(workspace, run, push.version, known)
    )
    metrics = {
        label: outcomes.metrics(run.nodes, task).get(measure) for label, task, measure in MAIN if run.nodes
    }
    return {
        "run": run.run_id,
        "pipeline": run.pipeline,
        "state": was,
        "started": float(record.get("started") or run.started),
        "seconds": run_seconds(run, record, was),
        "nodes": len(run.nodes),
        "cached": sum(node.state == "cached" for node in run.nodes.values()),
        "blessed": all(blessings) if blessings else None,
        "pushed": None if push is None else push.version if new else 0,
        "push": None if push is None else {**vars(push), "sentence": push.sentence},
        "served": served,
        "metrics": {label: value for label, value in metrics.items() if value is not None},
        "overrides": overrides(record),
        "tags": list(said.tags),
        "note": said.note,
    }


def models_word(row: dict[str, Any]) -> str:
    """Returns the outcome of the push: `pushed 3`, `3 already`, `3 withdrawn`, `not blessed`, or ""."""
    push = row["push"]
    if push is None:
        return {True: "blessed", False: "not blessed", None: ""}[row["blessed"]]
    return {
        "pushed": f"pushed {push['version']}",
        "served": f"{push['version']} already",
        "withdrawn": f"{push['version']} withdrawn",
        "refused": "not blessed",
    }[push["outcome"]]


def overrides(record: Mapping[str, Any]) -> list[str]:
    """Returns the options given in addition to the configuration: `a.b=1`, `--no-tune`, `--data …`."""
    return [str(each) for each in record.get("overrides") or []]


def state(workspace: Workspace, run: Run, record: Mapping[str, Any] | None = None) -> str:
    """Returns the state of a run; `interrupted` if a killed process left it running.

    The record takes precedence over the nodes, because between two nodes all of them are done.

    Args:
        workspace: workspace of the run.
        run: the run.
        record: record of the run; read if not given.
    """
    said = (recorded(workspace, run.run_id) if record is None else record).get("state")
    if said in ("failed", "interrupted"):
        return str(said)
    if said == "running":
        live = workspace.in_use() and run.run_id == last_begun(workspace)
        return "running" if live else "interrupted"
    if run.state in ("running", "new") and not workspace.in_use():
        return "interrupted"
    return run.state


def known_run(workspace: Workspace, run_id: str) -> Run:
    """Returns the run with this id, or whose id ends with it, or the newest run for `latest`.

    Raises:
        MarqueeError: no run matches, or several do.
    """
    lineage = Lineage(workspace.metadata_db)
    ids = lineage.run_ids()
    found = ids[:1] if run_id == "latest" else [each for each in ids if each == run_id]
    found = found or [each for each in ids if run_id and each.endswith(run_id)]
    if len(found) == 1:
        run = lineage.run(found[0])
        assert run is not None  # runs are never removed from the metadata
        return run
    if not ids:
        raise MarqueeError(
            f"there is no run {run_id}: nothing has run in {workspace.root}",
            f"begin with: {command('run', workspace=workspace.root)}",
        )
    more = f" and {len(ids) - 10} more" if len(ids) > 10 else ""
    problem = "several runs end with" if found else "there is no run"
    raise MarqueeError(f"{problem} {run_id}; there are {', '.join((found or ids)[:10])}{more}")


def _is_served(workspace: Workspace, run: Run, version: int | None, known: Mapping[int, Artifact]) -> bool:
    """Returns whether the served version is the one pushed as `version`, not another of the same number.

    A version that was restored under a new number counts as the old one.
    """
    ours, models = run.output(PUSHER, "pushed_model"), workspace.serving_models
    served = front(models, SERVED_BY)
    if version is None or ours is None or served is None:
        return False
    theirs = push_behind(known, models, SERVED_BY, served)
    if theirs is None:
        return served == version
    same = theirs.properties.get("content") == ours.properties.get("content")
    return same and version in (served, int(theirs.properties["pushed_version"]))
