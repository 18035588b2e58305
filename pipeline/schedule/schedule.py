"""Implementation of `marquee schedule`: locks, signals, and runs with their log lines and hooks."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from marquee.errors import MarqueeError
from pipeline.execution.exit_status import REFUSED
from pipeline.schedule.child import message_in, run_child, run_id_in
from pipeline.schedule.cron import Cron
from pipeline.schedule.hooks import call_hook
from pipeline.schedule.records import Log, Outcome, ScheduledRun, StateFile, judged
from pipeline.schedule.scheduler import Missed, Scheduler
from pipeline.store.summary import read_summary
from pipeline.store.workspace import InUse, Workspace
from serving.server.stopping import stopping


@dataclass(frozen=True)
class Hooks:
    """Hooks by outcome of a run: a shell command or a URL each, or None.

    Args:
        on_success: hook for runs whose models are accepted, or that had none to judge.
        on_refused: hook for runs that succeeded, but whose models were refused.
        on_failure: hook for runs that failed.
    """

    on_success: str | None = None
    on_refused: str | None = None
    on_failure: str | None = None

    def of(self, outcome: Outcome) -> str | None:
        """Returns the hook for an outcome; None if there is none."""
        return {"done": self.on_success, "refused": self.on_refused, "failed": self.on_failure}.get(outcome)

    def options(self) -> list[str]:
        """Returns the hooks as command-line options."""
        named = {
            "--on-success": self.on_success,
            "--on-refused": self.on_refused,
            "--on-failure": self.on_failure,
        }
        return [part for name, target in named.items() if target for part in (name, target)]


@dataclass(frozen=True)
class ScheduleRequest:
    """Options of a schedule from the command line.

    Args:
        workspace: workspace of the runs; it also holds the schedule's own state and log.
        command: command of a run, as a program and its arguments.
        missed: policy for a time at which no run could start.
        hooks: hooks that receive the results of runs.
    """

    workspace: Workspace
    command: tuple[str, ...]
    missed: Missed = "run-once"
    hooks: Hooks = Hooks()


def schedule(request: ScheduleRequest, cron: Cron) -> None:
    """Runs at the times of `cron` until SIGTERM or Ctrl-C.

    A run under way is interrupted then, keeps its finished nodes, and resumes when the schedule is started
    again.

    Raises:
        MarqueeError: another schedule uses the workspace, the state cannot be read, or the disk is full.
    """
    workspace = request.workspace
    with workspace.lock("schedule"), stopping() as stop:
        runs = _Runs(request, stop, cron.note)
        runs.say(f"schedule {cron.text!r} in {cron.zone_name}, log {runs.log.path}")
        state, clock = StateFile(workspace), _SystemClock(stop)
        with _disk_errors_told(workspace):
            Scheduler(
                cron, request.missed, state, runs.log, clock, workspace.lock_holder, runs.run, runs.say
            ).forever()
        runs.say("stopped")


def run_once(request: ScheduleRequest) -> ScheduledRun:
    """Runs once, now, with log line and hooks, as cron, systemd or Kubernetes call it.

    If another run uses the workspace, this one waits or skips, as `missed` says. At most one run waits.

    Raises:
        MarqueeError: the workspace cannot be written, or the disk is full.
    """
    with stopping() as stop, ExitStack() as turn, _disk_errors_told(request.workspace):
        runs, now = _Runs(request, stop), datetime.now().astimezone()
        why = _wait_for_turn(request, stop, turn)
        if why is None:
            return runs.run(now, lambda *_: None)
        outcome: Outcome = "interrupted" if stop.is_set() else "skipped"
        run = ScheduledRun(now.isoformat(), outcome, message=why)
        runs.log.add(run)
        runs.say(f"{outcome}: {why}")
        return run


def _wait_for_turn(request: ScheduleRequest, stop: threading.Event, turn: ExitStack) -> str | None:
    """Waits until nothing else runs here, and locks others out by `turn`; or returns why it does not wait."""
    workspace = request.workspace

    def take() -> None:
        turn.enter_context(workspace.lock("once"))

    def look() -> None:
        with workspace.lock("run"):  # a run that was started by hand
            pass

    with ExitStack() as queue:
        waits = False
        for attempt in (take, look):
            while holder := _holder(attempt):
                if request.missed == "skip":
                    return f"the workspace was in use by process {holder}"
                if not waits and (first := _holder(lambda: queue.enter_context(workspace.lock("waiting")))):
                    return f"process {first} waits already for the workspace to be free"
                waits = True
                if stop.wait(1.0):
                    return f"the workspace was in use by process {holder}"
    return None


def _holder(attempt: Callable[[], object]) -> str | None:
    """Returns the holder of the lock that `attempt` tries to take; None if it succeeded."""
    try:
        attempt()
    except InUse as error:
        return error.holder
    return None


@contextmanager
def _disk_errors_told(workspace: Workspace) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MarqueeError(
            f"{error.filename or workspace.root}: {error.strerror}", "start it again when that is mended"
        ) from None


class _Runs:
    """Performs runs: child process, log line and hook."""

    def __init__(
        self,
        request: ScheduleRequest,
        stop: threading.Event,
        note: Callable[[datetime], str] = lambda due: "",
    ):
        self._request, self._stop, self._note = request, stop, note
        self._console = Console(highlight=False, soft_wrap=True)
        self.log = Log(request.workspace)

    def say(self, line: str) -> None:
        """Prints a line with the time, for readers who come later."""
        self._console.print(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {line}", markup=False)

    def run(self, due: datetime, begun: Callable[[datetime, str], None]) -> ScheduledRun:
        started = datetime.now().astimezone()
        output = self._request.workspace.logs / f"scheduled-{started:%Y%m%d-%H%M%S}.log"
        begun(started, str(output))
        self.say(f"run begins, output {output}")
        status = run_child(self._request.command, output, self._stop)
        ended = datetime.now().astimezone()
        outcome = self._outcome(status)
        run_id = run_id_in(output)
        summary = self._summary(run_id)
        run = ScheduledRun(
            due.isoformat(),
            outcome,
            started.isoformat(),
            ended.isoformat(),
            round((ended - started).total_seconds(), 3),
            status,
            run_id,
            str(output),
            _message(outcome, summary, output),
            note=self._note(due) or None,
            **judged(summary),
        )
        self.say(f"run {run.run_id or ''} {outcome}, exit {status}, {run.seconds:.0f} s".replace("  ", " "))
        if outcome == "refused":
            self.say(f"refused: {run.message}")
        run = replace(run, hook=self._tell(run, summary))
        self.log.add(run)
        return run

    def _outcome(self, status: int) -> Outcome:
        if status in (0, REFUSED):
            return "refused" if status else "done"
        return "interrupted" if self._stop.is_set() else "failed"

    def _summary(self, run_id: str | None) -> dict[str, Any] | None:
        """Returns the run's summary (`pipeline.store.summary`); None if it did not get that far."""
        return read_summary(self._request.workspace, run_id) if run_id else None

    def _tell(self, run: ScheduledRun, summary: dict[str, Any] | None) -> str | None:
        target = self._request.hooks.of(run.outcome)
        if not target:
            return None
        root = self._request.workspace.root
        report = (
            run.as_json() | {"workspace": str(root.resolve())} | ({"summary": summary} if summary else {})
        )
        problem = call_hook(target, report)
        if problem:
            self.say(f"hook: {problem}")
        return problem


class _SystemClock:
    """Clock of this machine; it waits in short steps, as the machine may sleep or its clock be set."""

    def __init__(self, stop: threading.Event):
        self._stop = stop

    def now(self) -> datetime:
        return datetime.now().astimezone()

    def wait_until(self, moment: datetime) -> bool:
        while (left := (moment - self.now()).total_seconds()) > 0:
            if self._stop.wait(min(left, 15.0)):
                return False
        return not self._stop.is_set()


def _message(outcome: Outcome, summary: dict[str, Any] | None, output: Path) -> str | None:
    if outcome == "failed":
        return message_in(output)
    if outcome == "refused" and summary:
        judged = [
            each for each in summary.values() if isinstance(each, dict) and each.get("blessed") is False
        ]
        reasons = [reason for each in judged for reason in each.get("reasons", [])]
        return "; ".join(reasons or summary["reasons"])
    return None
