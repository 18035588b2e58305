"""Why a run failed, kept beside its report: ML Metadata knows only which node did."""

import json
from dataclasses import asdict, dataclass

from pipeline.workspace import Workspace
from trainer.errors import MarqueeError
from trainer.whole_file import write_whole


@dataclass(frozen=True)
class Failure:
    """The node, and what was said on the command line."""

    node: str
    message: str
    hint: str


def record_failure(workspace: Workspace, run_id: str, node: str, error: MarqueeError) -> None:
    """Writes `reports/<run>/failure.json`."""
    failure = Failure(node, error.message, error.hint)
    write_whole(workspace.reports / run_id / "failure.json", json.dumps(asdict(failure), indent=1))


def read_failure(workspace: Workspace, run_id: str) -> Failure | None:
    """What was recorded; None where nothing was."""
    try:
        file = workspace.reports / run_id / "failure.json"
        return Failure(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
