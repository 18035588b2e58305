"""Rules of a schedule: one run at a time, and the policy for missed times."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from pipeline.schedule.child import run_id_in
from pipeline.schedule.cron import Cron
from pipeline.schedule.records import Log, ScheduledRun, State, StateFile

Missed = Literal["run-once", "skip"]
#: Maximum delay of a run that has not missed its time.
PUNCTUAL = timedelta(minutes=1)
_BUSY_POLL = timedelta(seconds=1)


class Clock(Protocol):
    """Clock that tells the time and waits."""

    def now(self) -> datetime:
        """Returns the time, with its offset from UTC."""

    def wait_until(self, moment: datetime) -> bool:
        """Waits until `moment`; returns False as soon as the schedule is to stop."""


class Scheduler:
    """Runs at the times of a cron expression.

    A time is missed if no run could start at it: no schedule was running, another run used the workspace, or
    the previous run took longer. `run-once` makes up for missed times as soon as possible, with a single run
    for all of them; `skip` waits for the next time. An interrupted run counts as missed.

    Args:
        cron: times of the runs.
        missed: policy for missed times.
        state: state file, kept over restarts.
        log: log that receives runs that were skipped, or interrupted by a crash.
        clock: clock that tells the time and waits.
        busy: returns the process that uses the workspace; None if there is none.
        run: performs a due run, having called its second argument with the file for its output, and returns
            the entry for the log.
        say: prints a line on the terminal.
        punctual: maximum delay of a run that has not missed its time.
    """

    def __init__(
        self,
        cron: Cron,
        missed: Missed,
        state: StateFile,
        log: Log,
        clock: Clock,
        busy: Callable[[], str | None],
        run: Callable[[datetime, Callable[[datetime, str], None]], ScheduledRun],
        say: Callable[[str], None],
        punctual: timedelta = PUNCTUAL,
    ):
        self._cron, self._missed, self._state, self._log = cron, missed, state, log
        self._clock, self._busy, self._run, self._say = clock, busy, run, say
        self._punctual = punctual

    def forever(self) -> None:
        """Runs until the clock says to stop."""
        due = self._resume()
        while True:
            self._state.write(State(self._cron.text, due))
            if due > self._clock.now():
                note = self._cron.note(due)
                self._say(f"next run {due:%Y-%m-%d %H:%M:%S %z}{f': {note}' if note else ''}")
            if not self._clock.wait_until(due):
                return
            begun = self._begin(due)
            if begun is None:
                return  # the state file still says that `due` is owed
            due = begun

    def _resume(self) -> datetime:
        """Returns the first time to run at: one that is owed from before a restart, or the next one."""
        state = self._state.read()
        if state and state.started and state.output:
            self._say(f"the run of {state.due:%Y-%m-%d %H:%M:%S %z} was interrupted when the schedule died")
            self._log.add(
                ScheduledRun(
                    state.due.isoformat(),
                    "interrupted",
                    started=state.started.isoformat(),
                    run_id=run_id_in(Path(state.output)),
                    output=state.output,
                    message="the schedule died",
                )
            )
            return state.due
        if state and state.cron == self._cron.text and state.due <= self._clock.now():
            return state.due  # owed; future times are computed again, as the zone may have changed
        return self._cron.next_after(self._clock.now())

    def _begin(self, due: datetime) -> datetime | None:
        """Runs or skips, and returns the next time, or None if the schedule is to stop."""
        holder = self._busy()
        while holder:
            if self._too_late(due):
                return self._skip(due, f"the workspace was in use by process {holder}")
            if not self._clock.wait_until(self._clock.now() + _BUSY_POLL):
                return None
            holder = self._busy()
        if self._too_late(due):
            return self._skip(due, "its time was missed")
        started = self._clock.now()
        done = self._run(due, lambda at, output: self._state.write(State(self._cron.text, due, at, output)))
        if done.outcome == "interrupted":
            self._state.write(State(self._cron.text, due))
            return None
        return self._cron.next_after(started)

    def _too_late(self, due: datetime) -> bool:
        return self._missed == "skip" and self._clock.now() - due > self._punctual

    def _skip(self, due: datetime, why: str) -> datetime:
        self._say(f"skipped the run of {due:%Y-%m-%d %H:%M:%S %z}: {why}")
        self._log.add(ScheduledRun(due.isoformat(), "skipped", message=why))
        return self._cron.next_after(self._clock.now())
