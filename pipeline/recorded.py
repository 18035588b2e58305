"""What a run wrote down of itself beside its report: ML Metadata knows neither its command nor its error."""

import json
from dataclasses import dataclass
from typing import Any

from pipeline.workspace import Workspace


@dataclass(frozen=True)
class Failure:
    """Which node failed, what was said, and the command that goes on from there."""

    node: str
    message: str
    command: str


def recorded(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """`reports/<run>/run.json`: `command`, `versions`, `git`, `state`; empty where there is none."""
    file = workspace.reports / run_id / "run.json"
    if not file.resolve().is_relative_to(workspace.reports.resolve()):
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def failure(workspace: Workspace, run_id: str) -> Failure | None:
    """Why a run failed; None of one that did not, or that wrote nothing down."""
    found = recorded(workspace, run_id)
    if found.get("state") != "failed":
        return None
    return Failure(*(str(found.get(name, "")) for name in ("failed_node", "message", "command")))
