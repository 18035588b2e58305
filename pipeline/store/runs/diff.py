"""Differences between runs: outcome, data, settings, code, metrics."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.store import outcomes
from pipeline.store.measures import better
from pipeline.store.metadata.lineage import Run
from pipeline.store.runs.rows import models_word, row
from pipeline.store.workspace import Workspace

#: Rows of a name and one value per run (None if the run lacks it), by section.
Sections = dict[str, list[tuple[Any, ...]]]
MEASURES = "metrics"  # section of the values that can be better or worse


def difference(workspace: Workspace, *runs: Run) -> Sections:
    """Returns the differences between the runs by section: rows of a name and one value per run."""
    facts = [_facts(workspace, run) for run in runs]
    # `nodes` says which runs lack a model, so its settings and metrics need no rows of their own.
    everywhere = set.intersection(*(set(run.nodes) for run in runs))
    lonely = set().union(*(set(run.nodes) for run in runs)) - everywhere
    return {
        section: [
            each
            for each in _differing([fact[section] for fact in facts], section not in ("data", "outcome"))
            if section == "nodes" or not (_owner(each[0]) in lonely or _some_lack(each, section, facts))
        ]
        for section in facts[0]
    }


def verdicts(runs: Sequence[Run], found: Sections) -> dict[str, int]:
    """Returns by metric the index of the run that is better than all others by more than known noise."""
    said = {}
    for name, *values in found.get(MEASURES, []):
        for place, value in enumerate(values):
            others = [each for each in range(len(values)) if each != place]
            if all(
                better(name, values[each], value, noise(runs[each], runs[place], name)) for each in others
            ):
                said[name] = place
    return said


def unsure(runs: Sequence[Run], best: Mapping[str, int]) -> set[str]:
    """Returns the metrics of `verdicts` that may be noise: no evaluator compared that run with all others."""
    return {
        name
        for name, place in best.items()
        if any(noise(each, runs[place], name) is None for each in runs if each is not runs[place])
    }


def noise(one: Run, other: Run, name: str) -> float | None:
    """Returns the standard error of a metric's difference, if an evaluator compared these runs' models."""
    task, _, measure = name.partition(": ")
    if task not in outcomes.TASKS:
        return None
    found = outcomes.standard_error(one.nodes, other.nodes, task, measure)
    if found is not None:
        return found
    return outcomes.standard_error(other.nodes, one.nodes, task, measure)


def _owner(name: str) -> str:
    return name.split(":")[0]


def _some_lack(row: tuple[Any, ...], section: str, facts: list[dict[str, dict[str, Any]]]) -> bool:
    """Returns whether one of the runs lacks the model, or the report, that the row belongs to."""
    if section not in ("hyper-parameters", MEASURES):
        return False
    return any(_owner(row[0]) not in {_owner(name) for name in each[section]} for each in facts)


def change(before: Any, after: Any) -> str:
    """Formats the difference of two numbers with its sign; returns "" for other values."""
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in (before, after)):
        return ""
    return f"{after - before:+.4g}"


def _facts(workspace: Workspace, run: Run) -> dict[str, dict[str, Any]]:
    data = outcomes.data(run.nodes)
    models = [model for task in outcomes.TASKS if (model := outcomes.model(run.nodes, task))]
    overall = row(workspace, run)
    measured = {
        f"{model.task}: {name}": value
        for model in models
        for name, value in outcomes.shown(model.metrics).items()
    }
    together = outcomes.recommender(run.nodes)
    if together:
        measured |= {
            f"recommender: {name}": value for name, value in outcomes.shown(together.metrics).items()
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
            "models": models_word(overall),
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
        MEASURES: measured,
        "nodes": {node.name: node.state for node in run.nodes.values()},
        "seconds": {node.name: round(node.seconds, 1) for node in run.nodes.values()},
    }


def _differing(facts: Sequence[Mapping[str, Any]], sort: bool) -> list[tuple[Any, ...]]:
    names = list(dict.fromkeys(name for each in facts for name in each))
    rows = ((name, *(each.get(name) for each in facts)) for name in (sorted(names) if sort else names))
    return [each for each in rows if any(value != each[1] for value in each[2:])]
