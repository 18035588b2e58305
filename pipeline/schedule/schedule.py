"""`marquee schedule` itself: the locks, the signals, a run with its log line and its hooks."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from pipeline.schedule.child import message_in, run_child, run_id_in
from pipeline.schedule.cron import Cron
from pipeline.schedule.hooks import call_hook
from pipeline.schedule.records import Log, ScheduledRun, StateFile
from pipeline.schedule.scheduler import Missed, Scheduler
from pipeline.workspace import InUse, Workspace
from serving.stopping import stopping
from trainer.errors import MarqueeError


@dataclass(frozen=True)
class ScheduleRequest:
    """What was asked for on the command line.

    Args:
        workspace: what the runs write to; the schedule's own state and log lie there too.
        command: a run, as a program and its arguments.
        missed: what becomes of a time at which nothing could begin.
        on_success, on_failure: a shell command or a web address each, or None.
    """

    workspace: Workspace
    command: tuple[str, ...]
    missed: Missed = "run-once"
    on_success: str | None = None
    on_failure: str | None = None


def schedule(request: ScheduleRequest, cron: Cron) -> None:
    """Runs at the times of `cron` until SIGTERM or Ctrl-C.

    A run under way is interrupted then, keeps what is finished, and goes on when the schedule is started
    again.

    Raises:
        MarqueeError: another schedule has the workspace, what it remembered cannot be read, or the disk is
            full.
    """
    workspace = request.workspace
    with workspace.lock("schedule"), stopping() as stop:
        runs = _Runs(request, stop)
        runs.say(f"schedule {cron.text!r}, log {runs.log.path}")
        state, clock = StateFile(workspace), _SystemClock(stop)
        with _disk_errors_told(workspace):
            Scheduler(
                cron, request.missed, state, runs.log, clock, workspace.lock_holder, runs.run, runs.say
            ).forever()
        runs.say("stopped")


def run_once(request: ScheduleRequest) -> ScheduledRun:
    """One run, now, logged and with its hooks: what cron, systemd or Kubernetes calls.

    Where another run has the workspace it waits for it, or skips, as `missed` says. One waits, however many
    times are missed.

    Raises:
        MarqueeError: the workspace cannot be written, or the disk is full.
    """
    with stopping() as stop, ExitStack() as turn, _disk_errors_told(request.workspace):
        runs, now = _Runs(request, stop), datetime.now().astimezone()
        why = _wait_for_turn(request, stop, turn)
        if why is None:
            return runs.run(now, lambda *_: None)
        outcome = "interrupted" if stop.is_set() else "skipped"
        run = ScheduledRun(now.isoformat(), outcome, message=why)
        runs.log.add(run)
        runs.say(f"{outcome}: {why}")
        return run


def _wait_for_turn(request: ScheduleRequest, stop: threading.Event, turn: ExitStack) -> str | None:
    """Returns when nothing else runs here, `turn` locking others out; or why that is not waited for."""
    workspace = request.workspace

    def take() -> None:
        turn.enter_context(workspace.lock("once"))

    def look() -> None:
        with workspace.lock("run"):  # of a run by hand
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
    """Who has the lock that was attempted; None where that succeeded."""
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
    """Does a run: the child, the line in the log, the hook."""

    def __init__(self, request: ScheduleRequest, stop: threading.Event):
        self._request, self._stop = request, stop
        self._console = Console(highlight=False, soft_wrap=True)
        self.log = Log(request.workspace)

    def say(self, line: str) -> None:
        """Prints with the time: nobody sits in front of a schedule."""
        self._console.print(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {line}", markup=False)

    def run(self, due: datetime, begun: Callable[[datetime, str], None]) -> ScheduledRun:
        started = datetime.now().astimezone()
        output = self._request.workspace.logs / f"scheduled-{started:%Y%m%d-%H%M%S}.log"
        begun(started, str(output))
        self.say(f"run begins, output {output}")
        status = run_child(self._request.command, output, self._stop)
        ended = datetime.now().astimezone()
        interrupted = status != 0 and self._stop.is_set()
        outcome = "done" if status == 0 else "interrupted" if interrupted else "failed"
        run = ScheduledRun(
            due.isoformat(),
            outcome,
            started.isoformat(),
            ended.isoformat(),
            round((ended - started).total_seconds(), 3),
            status,
            run_id_in(output),
            str(output),
            message_in(output) if outcome == "failed" else None,
        )
        self.say(f"run {run.run_id or ''} {outcome}, exit {status}, {run.seconds:.0f} s".replace("  ", " "))
        run = replace(run, hook=self._tell(run))
        self.log.add(run)
        return run

    def _tell(self, run: ScheduledRun) -> str | None:
        target = {"done": self._request.on_success, "failed": self._request.on_failure}.get(run.outcome)
        if not target:
            return None
        root = self._request.workspace.root
        summary = _summary(root / "reports" / str(run.run_id) / "summary.json")
        report = (
            run.as_json() | {"workspace": str(root.resolve())} | ({"summary": summary} if summary else {})
        )
        problem = call_hook(target, report)
        if problem:
            self.say(f"hook: {problem}")
        return problem


class _SystemClock:
    """This machine's time. Waits in pieces: it may sleep in between, or its clock be set."""

    def __init__(self, stop: threading.Event):
        self._stop = stop

    def now(self) -> datetime:
        return datetime.now().astimezone()

    def wait_until(self, moment: datetime) -> bool:
        while (left := (moment - self.now()).total_seconds()) > 0:
            if self._stop.wait(min(left, 15.0)):
                return False
        return not self._stop.is_set()


def _summary(file: Path) -> dict | None:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return None
