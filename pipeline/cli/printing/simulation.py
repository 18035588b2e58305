"""Prints the results of a simulation as a table."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pipeline.simulate.future import K
from pipeline.simulate.results import Results, Step
from pipeline.simulate.simulation import STRATEGIES, day

_MEASURES = {"rmse": "RMSE", "log_loss": "Log loss", "auc": "AUC", f"ndcg@{K}": f"nDCG@{K}"}


def print_results(results: Results, console: Console) -> None:
    """Prints one row per evaluated span, one column per strategy, and the mean over spans."""
    measured = {name for step in results.steps if step.future for name in step.future["all"] or ()}
    for measure, title in _MEASURES.items():
        if measure not in measured:
            continue
        # Narrow columns: a truncated number says nothing, and a terminal may have 80 columns.
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title_justify="left")
        table.title = f"{title} on the next span"
        for name in ("span", "from", "users", "new", *STRATEGIES):
            table.add_column(name, justify="left" if name == "from" else "right", no_wrap=True)
        asked = [
            span for span in results.spans[1:] if results.step(next(iter(STRATEGIES)), span["number"] - 1)
        ]
        for span in asked:
            steps = [results.step(name, span["number"] - 1) for name in STRATEGIES]
            table.add_row(
                str(span["number"]),
                day(span["first"]),
                str(span["users"]),
                f"{span['new_users'] / span['users']:.0%}",
                *(_cell(step, measure) for step in steps),
            )
        table.add_section()
        for who, words in (("all", "mean"), ("known", "known")):
            table.add_row(words, "", "", "", *(_mean(results, name, who, measure) for name in STRATEGIES))
        console.print(table)
    console.print("[dim]^ new models were pushed before this span[/]")
    console.print("[dim]known: the mean over users who were there in an earlier span[/]")
    for name, words in STRATEGIES.items():
        console.print(f"[dim]{name}: {words}[/]")


def _cell(step: Step | None, measure: str) -> str:
    if step is None or not step.future or step.future["all"][measure] is None:
        return "-"
    return f"{step.future['all'][measure]:.4f}{' ^' if step.pushed else '  '}"


def _mean(results: Results, strategy: str, who: str, measure: str) -> str:
    """Returns the unweighted mean over the spans for which every evaluated strategy has the metric."""
    of: dict[str, dict[int, float]] = {}
    for step in results.steps:
        if step.future and step.future[who] and step.future[who][measure] is not None:
            of.setdefault(step.strategy, {})[step.span] = step.future[who][measure]
    found = [
        value for span, value in of.get(strategy, {}).items() if all(span in each for each in of.values())
    ]
    return f"{sum(found) / len(found):.4f}  " if found else "-"
