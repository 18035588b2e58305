"""The runs of a workspace, one row each: what `marquee runs` and the UI list."""

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

SERVED_BY = "recommender"  # the model whose version stands for the set's


def rows(workspace: Workspace) -> list[dict[str, Any]]:
    """One row per run, newest first."""
    lineage = Lineage(workspace.metadata_db)
    runs = lineage.runs()
    known = pushes(lineage) if runs else {}
    return [row(workspace, run, known) for run in runs]


def row(workspace: Workspace, run: Run, known: Mapping[int, Artifact] | None = None) -> dict[str, Any]:
    """What a table says of a run.

    `pushed` is the version that this run pushed: 0 for nothing, None where it did not come to it. `push` is
    what became of its models, as plain data; `served` whether the version that they were pushed as, by this
    run or before it, is the served one now. `blessed` is whether all models are; None where none was judged.

    Args:
        workspace: where it ran.
        run: the run.
        known: the push behind each version; looked up where not given.
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
    """What became of a run's models: `pushed 3`, `3 already`, `3 withdrawn`, `not blessed`, or nothing."""
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
    """What was given beside the configuration: `a.b=1`, `--no-tune`, `--data …`."""
    return [str(each) for each in record.get("overrides") or []]


def state(workspace: Workspace, run: Run, record: Mapping[str, Any] | None = None) -> str:
    """A run's state; `interrupted` where a killed process left it running.

    What the run wrote down counts for more than its nodes: between two of them all are done.

    Args:
        workspace: where it ran.
        run: the run.
        record: what it wrote down; read where not given.
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
    """The run called `run_id`, or by the end of its name, or `latest`.

    Raises:
        MarqueeError: there is none, or several.
    """
    lineage = Lineage(workspace.metadata_db)
    ids = lineage.run_ids()
    found = ids[:1] if run_id == "latest" else [each for each in ids if each == run_id]
    found = found or [each for each in ids if run_id and each.endswith(run_id)]
    if len(found) == 1:
        run = lineage.run(found[0])
        assert run is not None  # no run is ever taken out of the metadata
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
    """Whether what is served now was pushed as this version, and is not another of the same number.

    A version that was restored under a new number is what was pushed under the old one.
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
