"""`marquee runs`: prints a table of what has run in a workspace."""

import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.duration import duration
from pipeline.measures import MAIN
from pipeline.program import command
from pipeline.run_filter import RunFilter
from pipeline.runs import rows
from pipeline.workspace import Workspace

COLOURS = {
    "done": "green",
    "cached": "cyan",
    "failed": "red",
    "cancelled": "yellow",
    "interrupted": "yellow",
    "running": "cyan",
}


def print_runs(workspace: Workspace, wanted: RunFilter, as_json: bool = False) -> None:
    """Prints one row per run, newest first; or a list of objects."""
    everything = rows(workspace)
    found = wanted.chosen(everything)
    if as_json:
        print(json.dumps(found, indent=1))
        return
    console = Console(highlight=False)
    if not everything:
        first = command("run", workspace=workspace.root)
        console.print(f"nothing has run in {workspace.root}; begin with: {first}", markup=False)
        return
    if not found:
        console.print(f"none of {len(everything)} runs is {wanted.words}", markup=False)
        return
    table = Table(
        "run", "pipeline", "state", "time", "nodes", "blessed", *(name for name, *_ in MAIN), "pushed"
    )
    table.columns[0].no_wrap = True
    labelled = any(_said(each) for each in found)
    if labelled:
        table.add_column("set, tags, note")
    for each in found:
        reused = f" ({each['cached']} reused)" if each["cached"] else ""
        metrics = (each["metrics"].get(name) for name, *_ in MAIN)
        table.add_row(
            each["run"],
            escape(each["pipeline"]),
            f"[{COLOURS.get(each['state'], 'white')}]{each['state']}[/]",
            duration(each["seconds"]),
            f"{each['nodes']}{reused}",
            {True: "yes", False: "no", None: ""}[each["blessed"]],
            *("" if value is None else f"{value:.4f}" for value in metrics),
            push_word(each),
            *([escape(_said(each))] if labelled else []),
        )
    console.print(table)
    if len(found) < len(everything):
        console.print(f"{len(found)} of {len(everything)} runs: {wanted.words}", markup=False)


def push_word(row: dict[str, Any]) -> str:
    """`version 3`, `version 3 (served version)`, `2 already`, `withdrawn`, `no`."""
    push = row["push"]
    if push is None:
        return ""
    word = {
        "pushed": f"version {push['version']}",
        "served": f"{push['version']} already",
        "withdrawn": f"{push['version']} withdrawn",
        "refused": "no",
    }[push["outcome"]]
    return f"{word} (served version)" if row["served"] else word


def _said(row: dict[str, Any]) -> str:
    tags = " ".join(f"#{tag}" for tag in row["tags"])
    return "; ".join(each for each in (" ".join(row["overrides"]), tags, row["note"]) if each)
