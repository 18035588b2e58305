"""State and log of a schedule: the next time, kept over restarts, and one line of JSON per run.

The state is `<workspace>/schedule.json`, and the log `<workspace>/logs/schedule.jsonl`.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from marquee.errors import MarqueeError
from pipeline.store.workspace import Workspace
from serving.versions.renames import sync

Outcome = Literal["done", "refused", "failed", "interrupted", "skipped"]


@dataclass(frozen=True)
class ScheduledRun:
    """One line of the log; times are ISO 8601 with their offset from UTC.

    Args:
        due: scheduled time of the run.
        outcome: `refused` succeeded with models that were not blessed; `interrupted` was ended by SIGTERM or
            by a crash of the schedule; `skipped` was never started.
        started, ended, seconds: times and duration; None if it was not started, or its end is unknown.
        exit: exit status, negative for a signal.
        run_id: id in `marquee runs`, if it got that far.
        output: file that holds the run's output.
        message: why it failed, was refused, or was skipped.
        hook: error of the hook that was called.
        note: effect of a clock change on `due`.
        blessed: whether the models were good enough to serve; None if nothing was judged.
        pushed: `pushed` of the run's summary.
        metrics: metrics on `eval`, by model and name.
    """

    due: str
    outcome: Outcome
    started: str | None = None
    ended: str | None = None
    seconds: float | None = None
    exit: int | None = None
    run_id: str | None = None
    output: str | None = None
    message: str | None = None
    hook: str | None = None
    note: str | None = None
    blessed: bool | None = None
    pushed: Any = None
    metrics: dict[str, dict[str, float]] | None = None

    def as_json(self) -> dict[str, Any]:
        """Returns plain values by name, without those that are None; a judged run always has `pushed`."""
        values = asdict(self)
        return {
            name: value
            for name, value in values.items()
            if value is not None or (name == "pushed" and self.blessed is not None)
        }


def judged(summary: dict[str, Any] | None) -> dict[str, Any]:
    """Returns `blessed`, `pushed` and `metrics` of a ScheduledRun, from a run's summary if there is one."""
    if summary is None:
        return {}
    metrics = {
        name: {metric: value for metric, value in part["evaluation"].items() if value is not None}
        for name, part in summary.items()
        if isinstance(part, dict) and isinstance(part.get("evaluation"), dict)
    }
    return {"blessed": summary.get("blessed"), "pushed": summary.get("pushed"), "metrics": metrics}


class Log:
    """Log file `logs/schedule.jsonl`, one line per run, which is on disk when `add` returns."""

    def __init__(self, workspace: Workspace):
        self.path = workspace.logs / "schedule.jsonl"

    def add(self, run: ScheduledRun) -> None:
        """Appends a line in one write, so that lines of two processes never mix."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, (json.dumps(run.as_json(), ensure_ascii=False) + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class State:
    """State of a schedule.

    Args:
        cron: cron expression that `due` belongs to.
        due: scheduled time of the next run, or of the one under way.
        started, output: start and output file of the run under way; None if there is none.
    """

    cron: str
    due: datetime
    started: datetime | None = None
    output: str | None = None


class StateFile:
    """State file `schedule.json`, which is replaced atomically."""

    def __init__(self, workspace: Workspace):
        self.path = workspace.root / "schedule.json"

    def read(self) -> State | None:
        """Returns the last written state; None if there is none.

        Raises:
            MarqueeError: the file cannot be read.
        """
        try:
            values = json.loads(self.path.read_text())
            started = values["started"]
            return State(
                values["cron"],
                datetime.fromisoformat(values["due"]),
                started and datetime.fromisoformat(started),
                values["output"],
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MarqueeError(
                f"{self.path} cannot be read: {error}",
                "delete it: the schedule then begins anew, and only forgets what it has missed",
            ) from None

    def write(self, state: State) -> None:
        """Replaces the state atomically."""
        values = asdict(state) | {
            "due": state.due.isoformat(),
            "started": state.started and state.started.isoformat(),
        }
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(values, indent=1) + "\n")
        sync(part)
        os.replace(part, self.path)
        sync(self.path.parent)
