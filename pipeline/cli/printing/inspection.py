"""Prints what an inspection found: each file and column, the reason for each guess, sample rows, doubts."""

import datetime
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from pipeline.inspection.guessing.feature_types import FeatureGuess
from pipeline.inspection.inspect import Inspected
from pipeline.inspection.looking.tables import Table
from pipeline.inspection.proposal import Part, Proposal
from pipeline.inspection.writing.rows import rows_as_read
from pipeline.inspection.writing.yaml_text import joined
from pipeline.store.program import DEFAULT_WORKSPACE, command

SAMPLES = 3
_CELL = 18


def print_proposal(proposal: Proposal, console: Console) -> None:
    """Prints what was found and why.

    Args:
        proposal: what was found.
        console: console to print on.
    """
    grid = _grid()
    _interactions(grid, proposal)
    for name, part in (("items", proposal.items), ("users", proposal.users)):
        if part:
            grid.add_row()
            _part(grid, name, part)
    if proposal.unused:
        grid.add_row()
        grid.add_row("[bold]not used[/]", "", "")
        for name, why in proposal.unused:
            grid.add_row("", escape(name), escape(why))
    console.print(grid)
    _samples(proposal, console)
    if proposal.doubts:
        console.print("\n[bold yellow]please check[/]")
        for doubt in proposal.doubts:
            item = Grid.grid(padding=(0, 1))
            item.add_row("  •", escape(doubt))
            console.print(item)


def print_written(inspected: Inspected, path: Path, console: Console) -> None:
    """Prints what was written, and the command to go on with.

    Args:
        inspected: the result of the inspection.
        path: what was inspected.
        console: console to print on.
    """
    config, *others = inspected.written
    if inspected.release:
        dataset = inspected.release.dataset
        console.print(f"{path} is MovieLens, read as [bold]dataset: {dataset}[/]: {inspected.release.why}.")
        console.print("It needs no description and no schema of its own.")
    files = " and ".join(str(each) for each in (config, *others))
    console.print(f"\nwrote {files}", markup=False)
    said = ["how the files are read, and which models learn from them", "what the data may look like"]
    for file, what in zip(inspected.written, said, strict=False):
        console.print(f"  [dim]{escape(str(file))}: {what}[/]")
    # A workspace serves one set of models.
    workspace = Path(config.stem) if DEFAULT_WORKSPACE.exists() else None
    run = command("run", "--config", str(config), workspace=workspace)
    console.print(f"\nnext: {run}", markup=False, soft_wrap=True)


def _grid() -> Grid:
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=12)
    grid.add_column(overflow="fold", max_width=22)
    grid.add_column(overflow="fold")
    return grid


def _interactions(grid: Grid, proposal: Proposal) -> None:
    roles, table, interactions = proposal.roles, proposal.interactions, proposal.described.interactions
    _file(grid, "interactions", table)
    for role, guess in (("user", roles.user), ("item", roles.item)):
        grid.add_row(f"  {role}", escape(guess.column), escape(f"{guess.detail} ({guess.why})"))
    strength = roles.strength.guess
    if strength is None:
        grid.add_row("  feedback", "", "implicit: no rating, count or event; each is worth 1")
    else:
        name = "rating" if interactions.rating else "count" if interactions.count else "event"
        feedback = "explicit" if proposal.explicit else "implicit"
        grid.add_row(f"  {name}", escape(strength.column), escape(f"{strength.detail} ({strength.why})"))
        worth = ""
        if interactions.event:
            worth = ": " + ", ".join(
                f"{word} {weight:g}" for word, weight in interactions.event.weights.items()
            )
            worth = f", worth{worth}"
        grid.add_row("  feedback", "", escape(feedback + worth))
    if roles.time:
        grid.add_row("  time", escape(roles.time.column), escape(f"{roles.time.detail} ({roles.time.why})"))
    elif table.format.kind == "sequences":
        grid.add_row("  time", "", "none: the place in the line is the order")
    else:
        grid.add_row("  time", "", "none: splits by time are not possible")
    _features(grid, proposal.context.values(), proposal.left_out)


def _part(grid: Grid, name: str, part: Part) -> None:
    if part.join:
        _file(grid, name, part.table)
    else:
        grid.add_row(f"[bold]{name}[/]", "", "")
    grid.add_row("  id", escape(part.id), escape(joined(name, part)))
    if part.title:
        grid.add_row("  title", escape(part.title), escape(_some(part.table.profiles[part.title].values)))
    _features(grid, part.features.values(), part.left_out)


def _features(grid: Grid, features: Iterable[FeatureGuess], left_out: Iterable[FeatureGuess]) -> None:
    for guess in features:
        assert guess.feature is not None  # what is left out comes below
        grid.add_row(f"  {guess.feature.type}", escape(guess.column), escape(guess.why))
    for guess in left_out:
        grid.add_row("  [dim]left out[/]", f"[dim]{escape(guess.column)}[/]", f"[dim]{escape(guess.why)}[/]")


def _file(grid: Grid, name: str, table: Table) -> None:
    rows = f"{table.rows:,} rows" if table.whole else f"the first {table.rows:,} of some {table.total:,} rows"
    named = "; its columns are named here" if table.format.columns else ""
    how = f"{table.recognised.how}; {rows}{named}"
    grid.add_row(f"[bold]{name}[/]", f"[bold]{escape(table.name)}[/]", escape(how))


def _some(values: Iterable[str]) -> str:
    first = [value[:22] for value in islice(values, 3)]
    return ", ".join(first) + (", …" if len(first) == 3 else "")


def _samples(proposal: Proposal, console: Console) -> None:
    """Prints rows as columns, since names are many and rows are few."""
    rows = list(islice(rows_as_read(proposal), SAMPLES))
    if not rows:
        return
    console.print("\n[bold]as a run would read them[/]")
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    for _ in rows:
        grid.add_column(no_wrap=True, overflow="ellipsis", max_width=_CELL)
    names = proposal.described.description.names
    absent = {names.time} if not proposal.roles.time else set()
    absent |= set() if proposal.items and proposal.items.title else {names.title}
    absent |= set() if proposal.roles.strength.guess else {names.rating}
    called = {
        names.user: proposal.described.nouns.user,
        names.item: proposal.described.nouns.item,
        names.title: "title",
        names.rating: "rating" if proposal.explicit else "worth",
        names.time: "time (UTC)",
    }
    for name in rows[0]:
        if name in absent:
            continue
        shown = (escape(_shown(row[name], name == names.time)) for row in rows)
        grid.add_row(f"  {called.get(name, name)}", *shown)
    console.print(grid)


def _shown(values: list[Any], moment: bool) -> str:
    if not values:
        return "–"
    if moment:
        return f"{datetime.datetime.fromtimestamp(values[0], datetime.UTC):%Y-%m-%d %H:%M}"
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
