"""The rules, against a clock that is set by hand: 100 seconds past an epoch is `at(100)`."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.schedule.cron import Cron
from pipeline.schedule.records import Log, ScheduledRun, State, StateFile
from pipeline.schedule.scheduler import Scheduler
from pipeline.store.workspace import Workspace

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3600


def at(seconds):
    return EPOCH + timedelta(seconds=seconds)


class Stop(Exception):
    """The power goes: nothing is tidied up."""


class Machine:
    """A workspace, a clock and runs that take `seconds`; every hour on the hour is due.

    `begun` holds what was run: (due, begun), in seconds.
    """

    def __init__(self, root, missed="run-once"):
        self.workspace, self.missed = Workspace(root), missed
        self.time, self.seconds, self.begun, self.skipped = 0.0, 60.0, [], []
        self.until, self.busy_until, self.dies, self.interrupted = 0.0, 0.0, False, False
        root.mkdir(exist_ok=True)

    def now(self):
        return at(self.time)

    def wait_until(self, moment):
        self.time = max(self.time, (moment - EPOCH).total_seconds())
        return self.time <= self.until

    def run(self, due, begun):
        self.begun.append(((due - EPOCH).total_seconds(), self.time))
        begun(self.now(), "output")
        self.time += self.seconds
        if self.dies:
            raise Stop
        return ScheduledRun(due.isoformat(), "interrupted" if self.interrupted else "done")

    def on(self, until, cron="0 * * * *", zone=UTC):
        """Starts the schedule; it is told to stop at `until`."""
        self.until = until
        log = Log(self.workspace)
        log.add = self.skipped.append
        Scheduler(
            Cron.parse(cron, zone),
            self.missed,
            StateFile(self.workspace),
            log,
            self,
            lambda: "77" if self.time < self.busy_until else None,
            self.run,
            lambda line: None,
        ).forever()


@pytest.fixture(params=["run-once", "skip"])
def machine(request, tmp_path):
    return Machine(tmp_path, request.param)


def hours(machine):
    return [(due / HOUR, begun / HOUR) for due, begun in machine.begun]


def test_it_runs_at_its_times(machine):
    machine.on(until=3.5 * HOUR)
    assert hours(machine) == [(1, 1), (2, 2), (3, 3)]
    assert not machine.skipped


def test_times_missed_while_it_was_off_are_made_up_for_once_or_skipped(machine):
    machine.on(until=1.5 * HOUR)
    machine.time = 5.5 * HOUR
    machine.on(until=7.2 * HOUR)

    if machine.missed == "run-once":
        assert hours(machine) == [(1, 1), (2, 5.5), (6, 6), (7, 7)]
    else:
        assert hours(machine) == [(1, 1), (6, 6), (7, 7)]
        assert [(run.due, run.outcome) for run in machine.skipped] == [(at(2 * HOUR).isoformat(), "skipped")]


def test_times_that_pass_during_a_run_are_made_up_for_once_or_skipped(machine):
    machine.seconds = 2.5 * HOUR
    machine.on(until=5 * HOUR)

    if machine.missed == "run-once":
        assert hours(machine) == [(1, 1), (2, 3.5)]
    else:
        assert hours(machine) == [(1, 1), (4, 4)]
        assert machine.skipped[0].message == "its time was missed"


def test_another_run_in_the_workspace_is_waited_for_or_the_time_skipped(machine):
    machine.busy_until = 1.25 * HOUR
    machine.on(until=2.2 * HOUR)

    if machine.missed == "run-once":
        assert hours(machine) == [(1, 1.25), (2, 2)]
    else:
        assert hours(machine) == [(2, 2)]
        assert machine.skipped[0].message == "the workspace was in use by process 77"


def test_a_minute_late_is_not_missed(machine):
    machine.busy_until = HOUR + 50
    machine.on(until=1.5 * HOUR)
    assert machine.begun == [(HOUR, HOUR + 50)]


def test_a_run_that_was_interrupted_is_owed_to_the_next_start(machine):
    machine.interrupted = True
    machine.on(until=9 * HOUR)  # the run itself says that it was told to stop
    assert hours(machine) == [(1, 1)]

    machine.interrupted, machine.time = False, 1.5 * HOUR
    machine.on(until=2.5 * HOUR)
    assert hours(machine)[1:] == ([(1, 1.5), (2, 2)] if machine.missed == "run-once" else [(2, 2)])


def test_a_power_cut_during_a_run_is_logged_at_the_next_start_and_the_run_is_owed(machine):
    machine.dies = True
    with pytest.raises(Stop):
        machine.on(until=9 * HOUR)
    machine.dies, machine.time = False, 1.5 * HOUR
    machine.on(until=2.5 * HOUR)

    assert (machine.skipped[0].outcome, machine.skipped[0].started) == ("interrupted", at(HOUR).isoformat())
    assert machine.skipped[0].message == "the schedule died"
    assert hours(machine)[1:] == ([(1, 1.5), (2, 2)] if machine.missed == "run-once" else [(2, 2)])


def test_another_expression_begins_anew(machine):
    machine.on(until=1.5 * HOUR)
    machine.time = 3.5 * HOUR
    machine.on(until=5.5 * HOUR, cron="30 * * * *")
    assert hours(machine)[1:] == [(4.5, 4.5), (5.5, 5.5)]
    assert not machine.skipped


def test_another_zone_begins_anew_with_what_is_still_to_come(machine):
    machine.on(until=2 * HOUR, cron="0 6 * * *")
    machine.time = 3 * HOUR
    machine.on(until=7 * HOUR, cron="0 6 * * *", zone=ZoneInfo("Asia/Dubai"))  # 2 o'clock here
    assert not machine.begun
    machine.on(until=27 * HOUR, cron="0 6 * * *", zone=ZoneInfo("Asia/Dubai"))
    assert hours(machine) == [(26, 26)]


def test_what_cannot_be_read_is_told_with_its_remedy(tmp_path):
    machine = Machine(tmp_path)
    (tmp_path / "schedule.json").write_text("{")
    with pytest.raises(Exception, match=r"schedule.json cannot be read: .*\ndelete it"):
        machine.on(until=HOUR)


def test_the_state_comes_back_as_it_was_written(tmp_path):
    file, state = StateFile(Workspace(tmp_path)), State("0 * * * *", at(1), at(2.5), "output")
    assert file.read() is None
    file.write(state)
    assert file.read() == state
    assert [path.name for path in tmp_path.iterdir()] == ["schedule.json"]
