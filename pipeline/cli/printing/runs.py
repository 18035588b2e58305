"""Implementation of `marquee runs`: prints a table of the runs in a workspace."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from pipeline.store.duration import duration
from pipeline.store.measures import headings
from pipeline.store.program import command
from pipeline.store.runs.filter import RunFilter
from pipeline.store.runs.rows import models_word, rows
from pipeline.store.workspace import Workspace

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
    names = headings(found)
    lines = [("run", "pipeline", "state", "time", "reused", *names, "models")]
    lines += [_cells(each, names) for each in found]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line, row in zip(lines, [None, *found], strict=True):
        colour = "bold" if row is None else COLOURS.get(row["state"], "white")
        cells = [escape(cell.ljust(width)) for cell, width in zip(line, widths, strict=True)]
        cells[2] = f"[{colour}]{cells[2]}[/]"
        console.print(f"[bold]{'  '.join(cells)}[/]" if row is None else "  ".join(cells), soft_wrap=True)
        if row is not None and (said := _said(row)):
            console.print(f"    [dim]{escape(said)}[/]", soft_wrap=True)
    if served := next((each["push"]["version"] for each in found if each["served"]), None):
        console.print(f"* version {served} is the served version", markup=False)
    if len(found) < len(everything):
        console.print(f"{len(found)} of {len(everything)} runs: {wanted.words}", markup=False)


def _cells(row: dict[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    metrics = (row["metrics"].get(name) for name in names)
    return (
        row["run"],
        row["pipeline"],
        row["state"],
        duration(row["seconds"]),
        f"{row['cached']}/{row['nodes']}",
        *("" if value is None else f"{value:.4f}" for value in metrics),
        models_word(row) + (" *" if row["served"] else ""),
    )


def _said(row: dict[str, Any]) -> str:
    tags = " ".join(f"#{tag}" for tag in row["tags"])
    return "; ".join(each for each in (" ".join(row["overrides"]), tags, row["note"]) if each)
