"""Prints the summary of a run at its end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.cli.terminal.near_path import near_path
from pipeline.report.words import number
from pipeline.store.judged_by import CHANCES, judged_by
from pipeline.store.next_span import sentences
from pipeline.store.outcomes import shown
from pipeline.store.program import command
from pipeline.store.summary import Summary
from serving.data_words import DataWords


def print_summary(summary: Summary, workspace: Path, console: Console) -> None:
    """Prints the outcome and the commands to go on with.

    Args:
        summary: summary of the run.
        workspace: workspace for the printed commands.
        console: console to print on.
    """
    if summary.spans and summary.reused:
        newest = max(map(int, summary.spans))
        console.print(f"\nno new span: {newest} is still the newest, and everything about it was reused")
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_row("rows", ", ".join(f"{split} {rows:,}" for split, rows in summary.splits.items()))
    for place, note in enumerate(summary.notes):
        table.add_row("" if place else "data", escape(note))
    for name, text in _on_test(summary.test, summary.words):
        table.add_row(name, text)
    if summary.measured:
        table.add_row("", f"[dim]{escape(summary.measured)}[/]")
    for sentence in sentences(summary.next_span, summary.words) if summary.next_span else ():
        table.add_row("", escape(sentence))
    for name, model in (("ranking", summary.ranking), ("retrieval", summary.retrieval)):
        table.add_row(name, _training(model.training, summary.words))
        if model.tuner:
            trials = model.tuner["trials"]
            chosen = ", ".join(f"{path} {_short(value)}" for path, value in model.tuner["best"].items())
            table.add_row("", f"tuned: {chosen} (best of {len(trials)} trials)")
        table.add_row("", f"on eval: {_quality(model.evaluation)}")
    if summary.recommender:
        table.add_row("recommender", f"on eval: {_quality(summary.recommender.evaluation)}")
    for row in summary.drift:
        table.add_row("[yellow]drift[/]", escape(f"{row['split']}, {row['feature']}: {row['what']}"))
    for name, text in _on_serving(summary.serving_skew):
        table.add_row(name, escape(text))
    for row in summary.skew:
        table.add_row("[yellow]skew[/]", escape(f"{row['split']}, {row['feature']}: {row['what']}"))
    table.add_row("blessed", "[green]yes[/]" if summary.blessed else "[red]no[/]")
    for reason in summary.reasons:
        tone = "[yellow]{}[/]" if reason in summary.not_compared else "{}"
        table.add_row("", tone.format(escape(reason)))
    for name, text in _on_push(summary, workspace):
        table.add_row(name, escape(text))
    console.print()
    console.print(table)
    for name, model in (("ranking", summary.ranking), ("retrieval", summary.retrieval)):
        if model.tuner:
            _print_trials(name, model.tuner["trials"], console)
    if summary.example:
        serve, ask = command("serve", workspace=workspace), command("recommend", "--user", summary.example)
        console.print(f"\nserve it:  {serve}", markup=False)
        console.print(f"ask it:    {ask}", markup=False)


def _on_push(summary: Summary, workspace: Path) -> Iterator[tuple[str, str]]:
    push = summary.push or {"outcome": "refused"}
    by = f", which run {push['by']} pushed" if push.get("by") else ""
    if summary.pushed:
        yield "pushed", near_path(summary.pushed)
    elif push["outcome"] == "served":
        yield "pushed", f"nothing new: these models are the served version already, {push['version']}{by}"
    elif push["outcome"] == "withdrawn":
        yield "pushed", f"nothing: these models were withdrawn by hand, version {push['version']}{by}"
        restore = command("restore", "recommender", str(push["version"]), workspace=workspace)
        yield "", f"serve them again with: {restore}"
    else:
        yield "pushed", "nothing: models that are not all blessed stay here"


def _on_test(test: dict[str, Any], words: DataWords) -> Iterator[tuple[str, str]]:
    ratings, by = test["test"], judged_by(test["test"])
    lists, popular, both = test["retrieval"], test["retrieval_popularity"], test["recommender"]
    if by is CHANCES:
        popular_items = test["popularity_baseline"]
        yield (
            "test",
            f"chances: log loss [bold]{number(ratings['log_loss'])}[/] (always the same: "
            f"{number(test[by.baseline]['log_loss'])}); AUC {number(ratings['auc'])} and, among sampled "
            f"negatives, nDCG@10 {number(ratings['rated_ndcg@10'])} (by popularity: "
            f"{number(popular_items['auc'])}, {number(popular_items['rated_ndcg@10'])})",
        )
        for event, measures in test.get("events", {}).items():
            yield (
                "",
                f"{event}, {measures['events']:,} times: log loss {number(measures['log_loss'])} (always the "
                f"same: {number(measures['share_log_loss'])}); AUC {number(measures['auc'])}",
            )
    else:
        yield (
            "test",
            f"{words.ratings}: RMSE [bold]{number(ratings['rmse'])}[/], MAE {number(ratings['mae'])}"
            f" (always the mean: RMSE {number(test[by.baseline]['rmse'])})",
        )
    if not both:  # test holds nothing to be found
        return
    yield (
        "",
        f"{words.items}: recommended nDCG@10 [bold]{number(both['ndcg@10'])}[/], retrieved "
        f"{number(lists['ndcg@10'])} and recall@100 {number(lists['recall@100'])}"
        f" (the most popular: {number(popular['ndcg@10'])}, {number(popular['recall@100'])})",
    )


def _on_serving(skew: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Yields the results of the comparison of serving logs with train, and the logs' unreadable parts."""
    if skew is None:
        return
    requests = sum(skew["requests"].values())
    if requests:
        when = f" {skew['first'][:16]} to {skew['last'][:16]}" if skew["first"] else ""
        compared = [row["feature"] for row in skew["features"] if row["distance"] is not None]
        held = f"{', '.join(compared)} compared with train" if compared else "too few to compare with train"
        yield "served", f"{requests:,} logged requests{when}: {held}"
    else:
        yield "served", f"nothing is logged yet in {skew['logs']}"
    for text in skew["skew"]:
        yield "[yellow]skew[/]", text
    for text in skew["torn"]:
        yield "", f"truncated file, read up to that line: {text}"
    for text in skew["damaged"][:3]:
        yield "[yellow]damaged[/]", text
    if skew["damages"] > 3:
        yield "", f"and {skew['damages'] - 3} more in {skew['logs']}"


def _training(training: dict[str, Any], words: DataWords) -> str:
    resumed = training["epochs_resumed"]
    gone_on = f", resumed from epoch {resumed}" if resumed else ""
    return (
        f"{training['device']} {training['epochs']} epochs{gone_on}, the best was {training['best_epoch']}; "
        f"{training['rows_per_second']:,} {words.ratings}/s"
    )


def _print_trials(name: str, trials: list[dict[str, Any]], console: Console) -> None:
    paths = sorted({path for trial in trials for path in trial["values"]})
    title = f"the {name} tuner's trials"
    table = Table("trial", "score", *paths, "status", title=title, title_justify="left")
    for trial in trials:
        score = "" if trial["score"] is None else f"{trial['score']:.4f}"
        status = trial["status"].lower() + (f": {escape(trial['error'])}" if trial["error"] else "")
        table.add_row(trial["trial"], score, *(_short(trial["values"].get(p, "")) for p in paths), status)
    console.print(table)


def _quality(evaluation: dict[str, float | None]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in shown(evaluation).items() if value is not None)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
