"""Implementation of `marquee runs show`: state, settings, inputs and outputs of each node of a run."""

import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.cli.printing.runs import COLOURS
from pipeline.store import outcomes
from pipeline.store.duration import duration
from pipeline.store.next_span import sentences
from pipeline.store.runs.facts import described
from pipeline.store.runs.rows import known_run
from pipeline.store.short import brief
from pipeline.store.workspace import Workspace


def show_run(workspace: Workspace, run_id: str, as_json: bool = False) -> None:
    """Prints a run's nodes and outcome.

    Args:
        workspace: workspace of the run.
        run_id: id of the run, the end of the id, or `latest`.
        as_json: whether to print an object instead of tables.

    Raises:
        MarqueeError: there is no such run.
    """
    run = known_run(workspace, run_id)
    found = described(workspace, run)
    if as_json:
        print(json.dumps(found, indent=1, default=str))
        return
    _print(found, Console(highlight=False))


def _print(found: dict[str, Any], console: Console) -> None:
    state = f"[{COLOURS.get(found['state'], 'white')}]{found['state']}[/]"
    console.print(f"[bold]{found['run']}[/]  {found['pipeline']}  {state}  {duration(found['seconds'])}")
    if found["failure"]:
        failed = found["failure"]
        console.print(f"[red]{escape(failed['message'])}[/]", soft_wrap=True)
        console.print(f"[dim]resume with: {escape(failed['command'])}[/]", soft_wrap=True)
    table = Table("node", "state", "time", "from", "settings")
    table.columns[0].no_wrap = table.columns[2].no_wrap = True
    table.columns[2].justify = "right"
    for node in found["nodes"]:
        another = "" if node["made_in"] in ("", found["run"]) else node["made_in"]
        table.add_row(
            node["node"],
            f"[{COLOURS.get(node['state'], 'white')}]{node['state']}[/]",
            "" if node["state"] == "cached" else duration(node["seconds"]),
            another and f"run {another}",
            escape(brief(outcomes.main_settings(node["settings"]))),
        )
    console.print(table)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    for name, text in _facts(found):
        facts.add_row(name, escape(text))
    console.print(facts)


def _facts(found: dict[str, Any]):
    if data := found["data"]:
        rows = ", ".join(f"{split} {count:,}" for split, count in data["rows"].items())
        yield "data", f"{data['origin']}: {rows}"
    for task, model in found["models"].items():
        yield task, model["kind"] + (f", tuned: {brief(model['tuned'])}" if model["tuned"] else "")
        if model["metrics"]:
            yield "", f"on eval: {brief(outcomes.shown(model['metrics']))}"
        if model["blessed"] is not None:
            yield (
                "",
                ("blessed" if model["blessed"] else "not blessed")
                + "".join(f"; {reason}" for reason in model["reasons"]),
            )
    if together := found["recommender"]:
        yield "recommender", f"on eval: {brief(outcomes.shown(together['metrics']))}"
        verdict = "blessed" if together["blessed"] else "not blessed"
        yield "", verdict + "".join(f"; {reason}" for reason in together["reasons"])
    if found["next_span"]:
        yield "by time", "; ".join(sentences(found["next_span"]))
    if push := found["push"]:
        now = f" Version {push['version']} is the served version now." if found["served"] else ""
        yield "pushed", push["sentence"] + now
    if found["overrides"]:
        yield "overrides", " ".join(found["overrides"])
    if found["tags"]:
        yield "tags", ", ".join(found["tags"])
    if found["note"]:
        yield "note", found["note"]
    if found["report"]:
        yield "report", found["report"]
    yield "log", found["log"]
