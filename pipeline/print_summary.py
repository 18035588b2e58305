"""Prints a run's summary: what a person wants to know when it ends."""

import shlex
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.program import program
from pipeline.summary import Summary


def print_summary(summary: Summary, workspace_flag: str, console: Console) -> None:
    """Prints the outcome and the commands to go on with.

    Args:
        summary: the outcome.
        workspace_flag: ` --workspace DIR`, or nothing where it is the default.
        console: where to.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_row("rows", ", ".join(f"{split} {rows:,}" for split, rows in summary.splits.items()))
    test, mean = summary.test["test"], summary.test["mean_rating_baseline"]
    table.add_row(
        "test",
        f"RMSE [bold]{test['rmse']:.4f}[/], MAE {test['mae']:.4f} (always the mean: RMSE {mean['rmse']:.4f})",
    )
    table.add_row("eval", ", ".join(f"{name} {value:.4f}" for name, value in _quality(summary)))
    if summary.tuner:
        trials = summary.tuner["trials"]
        chosen = ", ".join(f"{path} {_short(value)}" for path, value in summary.tuner["best"].items())
        table.add_row("tuner", f"{chosen} (best of {len(trials)} trials)")
    table.add_row("training", _training(summary.training))
    for row in summary.drift:
        table.add_row("[yellow]drift[/]", escape(f"{row['split']}, {row['feature']}: {row['what']}"))
    table.add_row("blessed", "[green]yes[/]" if summary.blessed else "[red]no[/]")
    for reason in summary.reasons:
        table.add_row("", escape(reason))
    table.add_row(
        "pushed",
        _near(summary.pushed) if summary.pushed else "nothing: a model that is not blessed stays here",
    )
    console.print()
    console.print(table)
    if summary.tuner:
        _print_trials(summary, console)
    if summary.example:
        user, title = map(shlex.quote, summary.example)
        console.print(f"\nserve it:  {program()} serve{workspace_flag}", markup=False)
        console.print(f"ask it:    {program()} rate --user {user} {title}", markup=False)


def _near(path: str) -> str:
    """Relative to the working folder where it is below that."""
    below = Path(path).is_relative_to(Path.cwd())
    return str(Path(path).relative_to(Path.cwd())) if below else path


def _training(training: dict[str, Any]) -> str:
    resumed = training["epochs_resumed"]
    gone_on = f", gone on from epoch {resumed}" if resumed else ""
    return (
        f"{training['device']} {training['epochs']} epochs{gone_on}, the best was {training['best_epoch']}; "
        f"{training['rows_per_second']:,} ratings/s"
    )


def _print_trials(summary: Summary, console: Console) -> None:
    trials = summary.tuner["trials"]
    paths = sorted({path for trial in trials for path in trial["values"]})
    table = Table("trial", "score", *paths, "status", title="tuner's trials", title_justify="left")
    for trial in trials:
        score = "" if trial["score"] is None else f"{trial['score']:.4f}"
        status = trial["status"].lower() + (f": {escape(trial['error'])}" if trial["error"] else "")
        table.add_row(trial["trial"], score, *(_short(trial["values"].get(p, "")) for p in paths), status)
    console.print(table)


def _quality(summary: Summary) -> list[tuple[str, float]]:
    return [(name, value) for name, value in summary.evaluation.items() if name != "example_count"]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
