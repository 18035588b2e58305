"""What a schedule remembers: the next time, over restarts, and a line of JSON for each run.

`<workspace>/schedule.json` is what a restart needs, `<workspace>/logs/schedule.jsonl` what has happened.
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
        due: when it should have begun.
        outcome: `refused` ended well with models that were not blessed; `interrupted` by SIGTERM or by a
            crash of the schedule; `skipped` was never begun.
        started, ended, seconds: None where it was not begun, or nobody was there to see its end.
        exit: the exit status, negative for a signal.
        run_id: of `marquee runs`, where it came so far.
        output: the file that holds what it printed.
        message: why it failed, was refused, or was skipped.
        hook: what went wrong with the hook that was called.
        note: what a change of the clocks did to `due`.
        blessed: whether the models were good enough to serve; None where nothing was judged.
        pushed: what the summary says of where they went.
        metrics: on `eval`, by model and name.
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
        """Plain values by name, without those that are None; of a judged run, `pushed` in any case."""
        values = asdict(self)
        return {
            name: value
            for name, value in values.items()
            if value is not None or (name == "pushed" and self.blessed is not None)
        }


def judged(summary: dict[str, Any] | None) -> dict[str, Any]:
    """`blessed`, `pushed` and `metrics` of a ScheduledRun, from a run's summary where there is one."""
    if summary is None:
        return {}
    metrics = {
        name: {metric: value for metric, value in part["evaluation"].items() if value is not None}
        for name, part in summary.items()
        if isinstance(part, dict) and isinstance(part.get("evaluation"), dict)
    }
    return {"blessed": summary.get("blessed"), "pushed": summary.get("pushed"), "metrics": metrics}


class Log:
    """`logs/schedule.jsonl`: a line a run, on the disk when `add` returns."""

    def __init__(self, workspace: Workspace):
        self.path = workspace.logs / "schedule.jsonl"

    def add(self, run: ScheduledRun) -> None:
        """Appends in one write, so lines of two processes never mix."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, (json.dumps(run.as_json(), ensure_ascii=False) + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class State:
    """Where a schedule is.

    Args:
        cron: the expression that `due` belongs to.
        due: the next run, or the one under way.
        started, output: of the run under way; None where there is none.
    """

    cron: str
    due: datetime
    started: datetime | None = None
    output: str | None = None


class StateFile:
    """`schedule.json`, replaced whole."""

    def __init__(self, workspace: Workspace):
        self.path = workspace.root / "schedule.json"

    def read(self) -> State | None:
        """What was written last; None where there is nothing.

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
        """Replaces what was there, all of it or nothing."""
        values = asdict(state) | {
            "due": state.due.isoformat(),
            "started": state.started and state.started.isoformat(),
        }
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(values, indent=1) + "\n")
        sync(part)
        os.replace(part, self.path)
        sync(self.path.parent)
