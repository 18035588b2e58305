"""`marquee runs`: a table of what has run in a workspace."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.lineage import Lineage, Run
from pipeline.program import program
from pipeline.run_record import last_begun, recorded
from pipeline.workspace import Workspace
from trainer.errors import MarqueeError

COLOURS = {
    "done": "green",
    "cached": "cyan",
    "failed": "red",
    "cancelled": "yellow",
    "interrupted": "yellow",
    "running": "cyan",
}


def print_runs(workspace: Workspace, as_json: bool = False) -> None:
    """Prints a row a run, newest first; or a list of objects."""
    runs = Lineage(workspace.metadata_db).runs()
    if as_json:
        print(json.dumps([row(workspace, run) for run in runs], indent=1))
        return
    console = Console()
    if not runs:
        console.print(f"nothing has run in {workspace.root}; begin with: {program()} run")
        return
    table = Table("run", "pipeline", "state", "nodes", "cached", "time", "blessed", "pushed")
    table.columns[0].no_wrap = True
    for each in (row(workspace, run) for run in runs):
        table.add_row(
            each["run"],
            each["pipeline"],
            f"[{COLOURS.get(each['state'], 'white')}]{each['state']}[/]",
            str(each["nodes"]),
            str(each["cached"]),
            f"{each['seconds']:.0f} s",
            {True: "yes", False: "no", None: ""}[each["blessed"]],
            str(each["pushed"] or ("" if each["pushed"] is None else "no")),
        )
    console.print(table)


def row(workspace: Workspace, run: Run) -> dict[str, Any]:
    """What a table says of a run: `pushed` is a version, 0 for nothing, None where it did not come to it.

    `blessed` is whether each model is, and both together; None where a run has judged none.
    """
    found = (run.output(f"{task}Evaluator", "blessing") for task in ("Ranking", "Retrieval", "Recommender"))
    blessings = [each.properties.get("blessed") == 1 for each in found if each]
    pushed = run.output("AtomicPusher", "pushed_model")
    return {
        "run": run.run_id,
        "pipeline": run.pipeline,
        "state": state(workspace, run),
        "started": run.started,
        "seconds": run.seconds,
        "nodes": len(run.nodes),
        "cached": sum(node.state == "cached" for node in run.nodes.values()),
        "blessed": all(blessings) if blessings else None,
        "pushed": None if pushed is None else int(pushed.properties.get("pushed_version", 0)),
    }


def state(workspace: Workspace, run: Run) -> str:
    """A run's state; `interrupted` where a killed process left it running.

    What the run wrote down counts for more than its nodes: between two of them all are done.
    """
    said = recorded(workspace, run.run_id).get("state")
    if said in ("failed", "interrupted"):
        return said
    if said == "running":
        live = workspace.in_use() and run.run_id == last_begun(workspace)
        return "running" if live else "interrupted"
    if run.state in ("running", "new") and not workspace.in_use():
        return "interrupted"
    return run.state


def known_run(lineage: Lineage, run_id: str) -> Run:
    """The run called `run_id`, or by the end of its name, or `latest`.

    Raises:
        MarqueeError: there is none, or several.
    """
    ids = lineage.run_ids()
    found = ids[:1] if run_id == "latest" else [each for each in ids if each == run_id]
    found = found or [each for each in ids if run_id and each.endswith(run_id)]
    if len(found) == 1:
        return lineage.run(found[0])
    if not ids:
        raise MarqueeError(f"there is no run {run_id}: nothing has run here", f"begin with: {program()} run")
    more = f" and {len(ids) - 10} more" if len(ids) > 10 else ""
    problem = "several runs end with" if found else "there is no run"
    raise MarqueeError(f"{problem} {run_id}; there are {', '.join((found or ids)[:10])}{more}")
