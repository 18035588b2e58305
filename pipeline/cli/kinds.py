"""Implementation of `marquee models`: kinds of models and their settings."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from marquee.errors import ConfigError
from marquee.strict import Strict
from pipeline.config.reference import fields_of
from pipeline.store.program import program
from trainer.models.ranking.registry import KINDS as RANKING
from trainer.models.retrieval.registry import KINDS as RETRIEVAL

TASKS: Mapping[str, Mapping[str, type[Strict]]] = {"ranking": RANKING, "retrieval": RETRIEVAL}


def print_models(kind: str | None, as_json: bool = False) -> None:
    """Prints one line per kind, or the settings of a given kind.

    Args:
        kind: kind of model; None lists all.
        as_json: whether to print JSON instead of tables.

    Raises:
        ConfigError: there is no such kind.
    """
    found = kinds() if kind is None else settings(kind)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    console = Console(highlight=False)
    for table in [_kinds_table(found)] if kind is None else [_settings_table(each) for each in found]:
        console.print(table)
    if kind is None:
        console.print(
            f"a kind's settings: {program()} models KIND; choose one with --set ranking.model.kind=KIND"
        )


def kinds() -> list[dict[str, str]]:
    """Returns `kind`, `task` and a description for each kind."""
    return [
        {"kind": kind, "task": task, "what": _first_line(config)}
        for task, configs in TASKS.items()
        for kind, config in configs.items()
    ]


def settings(kind: str) -> list[dict[str, Any]]:
    """Returns `kind`, `task`, `what`, and `fields` of `name`, `default`, `what` for each task with the kind.

    Raises:
        ConfigError: there is no such kind.
    """
    found = [
        {"kind": kind, "task": task, "what": _first_line(configs[kind]), "fields": fields_of(configs[kind])}
        for task, configs in TASKS.items()
        if kind in configs
    ]
    if not found:
        lists = (f"{task}: {', '.join(configs)}" for task, configs in TASKS.items())
        raise ConfigError(f"there is no kind of model called {kind!r}", "; ".join(lists))
    return found


def _first_line(config: type[Strict]) -> str:
    return (config.__doc__ or "").split("\n")[0]


def _kinds_table(found: list[dict[str, str]]) -> Table:
    table = Table("kind", "task", "what it is")
    table.columns[0].no_wrap = True
    for row in found:
        table.add_row(row["kind"], row["task"], row["what"])
    return table


def _settings_table(found: dict[str, Any]) -> Table:
    title = f"{found['task']}.model.kind={found['kind']}: {found['what']}"
    table = Table("setting", "default", "what it is", title=title, title_justify="left")
    table.columns[0].no_wrap = True
    for row in found["fields"]:
        table.add_row(row["name"], json.dumps(row["default"]), row["what"])
    return table
