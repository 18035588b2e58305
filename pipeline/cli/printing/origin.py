"""Implementation of `marquee lineage`: a tree of the origin of a version."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from pipeline.store import outcomes
from pipeline.store.duration import duration
from pipeline.store.next_span import sentences
from pipeline.store.origin import find_origin
from pipeline.store.short import brief
from pipeline.store.workspace import Workspace


def print_origin(workspace: Workspace, asked: str, as_json: bool = False) -> None:
    """Prints what a pushed version or an artifact was made from; see `find_origin`.

    Raises:
        MarqueeError: no run in the workspace made it.
    """
    found = find_origin(workspace, asked).described()
    if as_json:
        print(json.dumps(found, indent=1, default=str))
        return
    Console(highlight=False).print(_tree(found))


def _tree(found: dict[str, Any]) -> Tree:
    made = f"{found['made_by']} in run {found['run']}" if found["run"] else "no run of this workspace"
    tree = Tree(f"[bold]{escape(found['what'])}[/]" + (f"  {found['standing']}" if found["standing"] else ""))
    tree.add(f"made by {made}")
    if found["command"]:
        tree.add(f"by the command: {escape(found['command'])}")
    if found["data"]:
        _branch(tree, "data", _data(found["data"]))
    for task, model in found["models"].items():
        _branch(tree, f"{task}: {model['kind']}", _model(model))
    for task, model in found["refit"].items():
        _branch(tree, f"{task}, refit for serving", _refit(model))
    if found["assembled"]:
        _branch(tree, "assembled", [("with", brief(found["assembled"]))])
    if found["recommender"]:
        _branch(tree, "recommender", _judgement(found["recommender"]))
    if found["test"]:
        whose = [("measured", found["measured"].removeprefix("measured "))] if found["measured"] else []
        _branch(tree, "on test", [*whose, *_test(found["test"])])
    if found["next_span"]:
        _branch(tree, "by time", [("result", each) for each in sentences(found["next_span"])])
    if found["code"]:
        by_print: dict[str, list[str]] = {}
        for node, code in found["code"].items():
            by_print.setdefault(code, []).append(node)
        rows = [(code, ", ".join(nodes)) for code, nodes in by_print.items()]
        git = [("revision", found["revision"])] if found["revision"] else []
        versions = [("versions", brief(found["versions"]))] if found["versions"] else []
        _branch(tree, "code", [*git, *versions, *rows])
    if found["steps"]:
        _branch(tree, "steps", [(step["node"], _step(step, found["run"])) for step in found["steps"]])
    return tree


def _branch(tree: Tree, name: str, rows) -> None:
    branch = tree.add(f"[bold]{escape(name)}[/]")
    for key, text in rows:
        branch.add(f"[cyan]{escape(key)}[/] {escape(text)}")


def _data(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "origin", data["origin"]
    yield "fingerprint", data["fingerprint"]
    yield "rows", ", ".join(f"{split} {count:,}" for split, count in data["rows"].items())
    yield "split", brief(data["split"])


def _model(model: dict[str, Any]) -> Iterator[tuple[str, str]]:
    plain = {name: value for name, value in model["settings"].items() if name not in model["tuned"]}
    if model["tuned"]:
        yield "tuned", f"{brief(model['tuned'])} (best of {model['trials']} trials)"
    yield "configured", brief(plain)
    if model["warm_start"]:
        yield "warm start", f"from the model of run {model['warm_start']}"
    if training := model["training"]:
        yield (
            "trained",
            (
                f"{training['epochs']} epochs, the best was {training['best_epoch']}; "
                f"{training['rows']:,} rows; {training['device'].rstrip('.')}"
            ),
        )
    if model["metrics"]:
        yield "on eval", brief(outcomes.shown(model["metrics"]))
    if model["blessed"] is not None:
        yield "blessed", "yes" if model["blessed"] else "no"
    for reason in model["reasons"]:
        yield "reason", reason
    if model["model"]:
        yield "made in", f"run {model['model']['made_in']}: {model['model']['uri']}"


def _refit(model: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if model["mode"] == "all":
        yield (
            "trained",
            f"{model['epochs']} epochs on all {model['ratings']:,} ratings of {model['users']:,} users, "
            "with the settings above",
        )
    else:
        yield "weights", "of the judged model"
        yield "known", f"{model['ratings']:,} ratings of the {model['users']:,} users in train"
    if model["warm_start"]:
        yield "warm start", f"from the refit model of run {model['warm_start']}"
    yield "made in", f"run {model['model']['made_in']}: {model['model']['uri']}"


def _judgement(together: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "on eval", brief(outcomes.shown(together["metrics"]))
    yield "blessed", "yes" if together["blessed"] else "no"
    for reason in together["reasons"]:
        yield "reason", reason


def _test(test: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, values in test.items():
        if isinstance(values, dict):
            numbers = {key: value for key, value in values.items() if isinstance(value, int | float)}
            if numbers:
                yield "ratings" if name == "test" else name.replace("_", " "), brief(numbers)


def _step(step: dict[str, Any], run: str) -> str:
    earlier = "" if step["run"] == run else f", in run {step['run']}"
    return f"{duration(step['seconds'])}{earlier}"
