"""Implementation of `marquee diff`: prints the differences between runs, and the best by metric."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.store.metadata.lineage import Run
from pipeline.store.runs.diff import MEASURES, Sections, change, difference, unsure, verdicts
from pipeline.store.runs.rows import known_run
from pipeline.store.short import short
from pipeline.store.workspace import Workspace


def print_diff(workspace: Workspace, names: Sequence[str], as_json: bool = False) -> None:
    """Prints the differences between runs, section by section.

    Args:
        workspace: workspace of the runs.
        names: two or more runs.
        as_json: whether to print lists of a name and one value per run, by section, instead of a table.

    Raises:
        MarqueeError: there is no such run.
    """
    runs = [known_run(workspace, name) for name in names]
    found = difference(workspace, *runs)
    if as_json:
        print(json.dumps(found, indent=1, default=str))
        return
    console = Console(highlight=False)
    if not any(rows for name, rows in found.items() if name != "seconds"):
        console.print(f"{', '.join(run.run_id for run in runs)} have no differences except times")
    if any(found.values()):
        console.print(_table(runs, found))


def _table(runs: list[Run], found: Sections) -> Table:
    best = verdicts(runs, found)
    guessed = unsure(runs, best)
    table = Table("", *(run.run_id for run in runs), *(["change"] if len(runs) == 2 else []))
    for section, rows in found.items():
        if not rows:
            continue
        table.add_section()
        table.add_row(f"[bold]{section}[/]")
        for name, *values in rows:
            winner = best.get(name) if section == MEASURES else None
            doubt = " [dim](noise unknown)[/]" if winner is not None and name in guessed else ""
            cells = [escape(_said(each)) for each in values]
            if len(runs) == 2:
                cells.append(change(*values) + _word(winner) + doubt)
            elif winner is not None:
                cells[winner] = f"[green]{cells[winner]} best[/]{doubt}"
            table.add_row(escape(name), *cells)
    return table


def _word(winner: int | None) -> str:
    return {None: "", 0: " [red]worse[/]", 1: " [green]better[/]"}[winner]


def _said(value: Any) -> str:
    text = short(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
