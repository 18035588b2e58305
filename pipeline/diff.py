"""`marquee diff`: what differs between two runs."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline import outcomes
from pipeline.lineage import Lineage, Run
from pipeline.runs import known_run, row
from pipeline.show_run import short
from pipeline.workspace import Workspace

Sections = dict[str, list[tuple[str, Any, Any]]]


def print_diff(workspace: Workspace, one: str, other: str, as_json: bool = False) -> None:
    """Prints, section by section, what two runs do not have in common.

    Raises:
        MarqueeError: there is no such run.
    """
    lineage = Lineage(workspace.metadata_db)
    runs = known_run(lineage, one), known_run(lineage, other)
    found = difference(workspace, *runs)
    if as_json:
        print(json.dumps(found, indent=1, default=str))
        return
    console = Console(highlight=False)
    if not any(rows for name, rows in found.items() if name != "seconds"):
        console.print(f"{runs[0].run_id} and {runs[1].run_id} differ in nothing but time")
    if not any(found.values()):
        return
    table = Table("", runs[0].run_id, runs[1].run_id, "change")
    for section, rows in found.items():
        if not rows:
            continue
        table.add_section()
        table.add_row(f"[bold]{section}[/]")
        for name, before, after in rows:
            table.add_row(
                escape(name), *(escape(_said(each)) for each in (before, after)), change(before, after)
            )
    console.print(table)


def difference(workspace: Workspace, one: Run, other: Run) -> Sections:
    """(name, in the one, in the other) of all that differs, by section; None: it has no such thing."""
    facts = [_facts(workspace, run) for run in (one, other)]
    # What only one of them has is told by `nodes`, and needs no line for each of its settings and measures.
    lonely = one.nodes.keys() ^ other.nodes.keys()
    return {
        section: [
            each
            for each in _differing(facts[0][section], facts[1][section], section not in ("data", "outcome"))
            if section == "nodes" or not (_owner(each[0]) in lonely or _only_one_has(each, section, facts))
        ]
        for section in facts[0]
    }


def _owner(name: str) -> str:
    return name.split(":")[0]


def _only_one_has(row: tuple[str, Any, Any], section: str, facts: list[dict[str, dict[str, Any]]]) -> bool:
    """Whether one of the runs has nothing of the model, or the report, that the row belongs to."""
    if section not in ("hyper-parameters", "metrics"):
        return False
    return any(_owner(row[0]) not in {_owner(name) for name in each[section]} for each in facts)


def change(before: Any, after: Any) -> str:
    """How far a number moved; nothing for what is no number."""
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in (before, after)):
        return ""
    return f"{after - before:+.4g}"


def _facts(workspace: Workspace, run: Run) -> dict[str, dict[str, Any]]:
    data = outcomes.data(run.nodes)
    models = [model for task in outcomes.TASKS if (model := outcomes.model(run.nodes, task))]
    overall = row(workspace, run)
    measured = {
        f"{model.task}: {name}": model.metrics[name]
        for model in models
        for name in outcomes.SHOWN
        if name in model.metrics
    }
    together = outcomes.recommender(run.nodes)
    if together:
        measured |= {
            f"recommender: {name}": together.metrics[name]
            for name in outcomes.SHOWN
            if name in together.metrics
        }
    for name, values in (outcomes.test(run.nodes) or {}).items():
        if isinstance(values, dict):
            label = "ratings" if name == "test" else name.replace("_", " ")
            measured |= {
                f"test: {label} {key}": value
                for key, value in values.items()
                if isinstance(value, int | float)
            }
    return {
        "outcome": {
            "state": overall["state"],
            **{f"{model.task} model": model.kind for model in models},
            **{f"{model.task} blessed": model.blessed for model in models},
            **({"recommender blessed": together.blessed} if together else {}),
            "pushed": overall["pushed"],
        },
        "data": {
            "origin": data.origin,
            "fingerprint": data.fingerprint,
            **{f"rows in {split}": rows for split, rows in data.rows.items()},
        }
        if data
        else {},
        "configuration": {
            f"{node.name}: {name}": value
            for node in run.nodes.values()
            for name, value in outcomes.settings(node).items()
        },
        "hyper-parameters": {
            f"{model.task}: {name}": value for model in models for name, value in model.settings.items()
        },
        "code": outcomes.fingerprints(run.nodes),
        "metrics": measured,
        "nodes": {node.name: node.state for node in run.nodes.values()},
        "seconds": {node.name: round(node.seconds, 1) for node in run.nodes.values()},
    }


def _differing(one: Mapping[str, Any], other: Mapping[str, Any], sort: bool) -> list[tuple[str, Any, Any]]:
    names = list(dict.fromkeys([*one, *other]))
    return [
        (name, one.get(name), other.get(name))
        for name in (sorted(names) if sort else names)
        if one.get(name) != other.get(name)
    ]


def _said(value: Any) -> str:
    text = short(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
