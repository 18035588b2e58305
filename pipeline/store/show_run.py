"""`marquee runs show`: what each node of a run did, was told, took and made."""

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.cli.printing.runs import COLOURS
from pipeline.store import outcomes
from pipeline.store.duration import duration
from pipeline.store.metadata.lineage import Node, Run
from pipeline.store.next_span import next_span, sentences
from pipeline.store.runs.record import failure, recorded
from pipeline.store.runs.rows import known_run, row
from pipeline.store.workspace import Workspace


def show_run(workspace: Workspace, run_id: str, as_json: bool = False) -> None:
    """Prints a run's nodes and outcome.

    Args:
        workspace: where it ran.
        run_id: its name, the end of it, or `latest`.
        as_json: an object instead of tables.

    Raises:
        MarqueeError: there is no such run.
    """
    run = known_run(workspace, run_id)
    found = described(workspace, run)
    if as_json:
        print(json.dumps(found, indent=1, default=str))
        return
    _print(found, Console(highlight=False))


def described(workspace: Workspace, run: Run) -> dict[str, Any]:
    """Everything about a run as plain data: `run`, `nodes`, `data`, `models`, `test`, `failure`, `report`."""
    failed = failure(workspace, run.run_id)
    report = workspace.reports / run.run_id / "report.html"
    data = outcomes.data(run.nodes)
    models = {task: outcomes.model(run.nodes, task) for task in outcomes.TASKS}
    together = outcomes.recommender(run.nodes)
    overall = row(workspace, run)
    return {
        **overall,
        "failure": asdict(failed) if failed else None,
        "command": recorded(workspace, run.run_id).get("command", ""),
        "nodes": [_node(node, overall["state"]) for node in run.nodes.values()],
        "data": asdict(data) if data else None,
        "models": {task: asdict(model) for task, model in models.items() if model},
        "recommender": asdict(together) if together else None,
        "test": outcomes.test(run.nodes),
        "next_span": next_span(run.nodes),
        "report": str(report) if report.exists() else None,
        "log": str(workspace.logs / f"run-{run.run_id}.log"),
    }


def _node(node: Node, run_state: str) -> dict[str, Any]:
    stale = run_state == "interrupted" and node.state in ("running", "new")
    return {
        "node": node.name,
        "state": "interrupted" if stale else node.state,
        "seconds": node.seconds,
        "started": node.started,
        "made_in": node.made_in or node.run_id,
        "inputs": {key: artifact.uri for key, artifact in node.taken.items()},
        "outputs": {key: artifact.uri for key, artifact in node.outputs.items()},
        "settings": outcomes.settings(node),
    }


def _print(found: dict[str, Any], console: Console) -> None:
    state = f"[{COLOURS.get(found['state'], 'white')}]{found['state']}[/]"
    console.print(f"[bold]{found['run']}[/]  {found['pipeline']}  {state}  {duration(found['seconds'])}")
    if found["failure"]:
        failed = found["failure"]
        console.print(f"[red]{escape(failed['message'])}[/]", soft_wrap=True)
        console.print(f"[dim]go on from there: {escape(failed['command'])}[/]", soft_wrap=True)
    table = Table("node", "state", "time", "from", "what it was told")
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
            shown = {name: model["metrics"][name] for name in outcomes.SHOWN if name in model["metrics"]}
            yield "", f"on eval: {brief(shown)}"
        if model["blessed"] is not None:
            yield (
                "",
                ("blessed" if model["blessed"] else "not blessed")
                + "".join(f"; {reason}" for reason in model["reasons"]),
            )
    if together := found["recommender"]:
        shown = {name: together["metrics"][name] for name in outcomes.SHOWN if name in together["metrics"]}
        yield "together", f"on eval: {brief(shown)}"
        verdict = "blessed" if together["blessed"] else "not blessed"
        yield "", verdict + "".join(f"; {reason}" for reason in together["reasons"])
    if found["next_span"]:
        yield "by time", "; ".join(sentences(found["next_span"]))
    if push := found["push"]:
        now = f" Version {push['version']} is the served version now." if found["served"] else ""
        yield "pushed", push["sentence"] + now
    if found["overrides"]:
        yield "set", " ".join(found["overrides"])
    if found["tags"]:
        yield "tags", ", ".join(found["tags"])
    if found["note"]:
        yield "note", found["note"]
    if found["report"]:
        yield "report", found["report"]
    yield "log", found["log"]


def brief(settings: dict[str, Any]) -> str:
    """`name value, …`, numbers to four digits."""
    return ", ".join(f"{name} {short(value)}" for name, value in settings.items())


def short(value: Any) -> str:
    """A value as a table has it: four digits, a list by its items."""
    if isinstance(value, bool) or value is None:
        return "yes" if value else "no" if value is False else "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return "[" + ", ".join(short(each) for each in value) + "]"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)
