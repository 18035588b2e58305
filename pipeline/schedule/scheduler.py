"""The schedule's own rules: one run at a time, and what becomes of a time that was missed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from pipeline.schedule.child import run_id_in
from pipeline.schedule.cron import Cron
from pipeline.schedule.records import Log, ScheduledRun, State, StateFile

Missed = Literal["run-once", "skip"]
#: A run that begins this late has not missed its time.
PUNCTUAL = timedelta(minutes=1)
_BUSY_POLL = timedelta(seconds=1)


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """The time, with its offset from UTC."""

    def wait_until(self, moment: datetime) -> bool:
        """Waits; False as soon as the schedule is to stop."""


class Scheduler:
    """Runs at the times of a cron expression.

    A time is missed where nothing could begin at it: no schedule was running, another run held the
    workspace, or the run before it took longer. `run-once` makes up for it as soon as that is possible, once
    however many there were; `skip` waits for the next one. A run that was interrupted counts as missed.

    Args:
        cron: when.
        missed: what becomes of a missed time.
        state: remembers over restarts.
        log: takes what was skipped, or interrupted by a crash.
        clock: the time.
        busy: who holds the workspace; None when nobody does.
        run: does a run that was due, having called its second argument with the file for its output, and
            returns what the log says of it.
        say: takes a line for the terminal.
        punctual: how late a run may begin that has not missed its time.
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
        """Returns when the clock says to stop."""
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
                return  # what is written still says that `due` is owed
            due = begun

    def _resume(self) -> datetime:
        """The first time to run at: one that is owed from before a restart, or the next."""
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
            return state.due  # owed; what is still to come is reckoned anew: the zone may be another
        return self._cron.next_after(self._clock.now())

    def _begin(self, due: datetime) -> datetime | None:
        """Runs, or skips; gives the next time, or None when the schedule is to stop."""
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
