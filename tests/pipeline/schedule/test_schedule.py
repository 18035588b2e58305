"""Real processes: a schedule of every second, whose run is a stand-in that takes the workspace's lock."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from marquee.errors import MarqueeError
from pipeline.schedule.child import run_child
from pipeline.schedule.schedule import ScheduleRequest, run_once
from pipeline.store.workspace import Workspace

PACKAGES = Path(__file__).resolve().parents[3]
SCHEDULE = """
import sys
from pathlib import Path
from pipeline.schedule.cron import Cron
from pipeline.schedule.schedule import Hooks, ScheduleRequest, schedule
from pipeline.store.workspace import Workspace
from marquee.errors import MarqueeError
root, on_success, on_refused, on_failure, *run = sys.argv[1:]
hooks = Hooks(on_success or None, on_refused or None, on_failure or None)
request = ScheduleRequest(Workspace(Path(root)), tuple(run), "run-once", hooks)
try:
    schedule(request, Cron.parse("* * * * * *"))
except MarqueeError as error:
    sys.exit(str(error))
"""
ONCE = """
import sys
from pathlib import Path
from pipeline.schedule.schedule import ScheduleRequest, run_once
from pipeline.store.workspace import Workspace
root, *run = sys.argv[1:]
run_once(ScheduleRequest(Workspace(Path(root)), tuple(run)))
"""
RUN = """
import os, signal, sys, time
from pathlib import Path
from pipeline.execution.interruption import Interruption
from pipeline.store.workspace import Workspace
root, how = Path(sys.argv[1]), sys.argv[2]
with Workspace(root).lock(), Interruption(), open(root / "seen", "a", buffering=1) as seen:
    print("Marquee  run 20260101-030000, log somewhere", flush=True)
    seen.write("begin\\n")
    if how == "refuse":
        import json
        reports = root / "reports" / "20260101-030000"
        reports.mkdir(parents=True, exist_ok=True)
        good = {"blessed": True, "reasons": ["fine"], "evaluation": {"rmse": 0.9, "mae": None}}
        bad = {"blessed": False, "reasons": ["ndcg@10 0.1 is worse"], "evaluation": {"ndcg@10": 0.1}}
        summary = {"run_id": "20260101-030000", "ranking": good, "retrieval": bad, "blessed": False,
                   "reasons": ["fine", "ndcg@10 0.1 is worse"], "pushed": None}
        (reports / "summary.json").write_text(json.dumps(summary))
        sys.exit(3)
    if how == "fail":
        sys.exit("error: no data\\nname some")
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    try:
        time.sleep(0.1 if how == "quick" else 60)
    except KeyboardInterrupt:
        seen.write("interrupted\\n")
        sys.exit("error: interrupted")
    seen.write("end\\n")
"""


class Schedules:
    """Starts schedules in one workspace and ends them all."""

    def __init__(self, root: Path):
        self.root, self._started = root, []

    def start(self, how, on_success="", on_failure="", on_refused=""):
        run = (sys.executable, "-c", RUN, str(self.root), how)
        process = subprocess.Popen(
            [sys.executable, "-c", SCHEDULE, str(self.root), on_success, on_refused, on_failure, *run],
            cwd=PACKAGES,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        return process

    def log(self):
        file = self.root / "logs" / "schedule.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def seen(self):
        file = self.root / "seen"
        return file.read_text().split() if file.exists() else []

    def close(self):
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture
def schedules(tmp_path):
    started = Schedules(tmp_path)
    yield started
    started.close()


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def stop(process):
    process.terminate()
    output, _ = process.communicate(timeout=30)
    return process.returncode, output


def test_runs_follow_one_another_are_logged_and_sigterm_ends_them_cleanly(schedules):
    process = schedules.start("quick")
    until(lambda: len(schedules.log()) >= 2)
    status, output = stop(process)

    assert status == 0, output
    assert output.splitlines()[-1].endswith("stopped")
    assert schedules.seen()[:4] == ["begin", "end", "begin", "end"]
    first, second = schedules.log()[:2]
    assert (first["outcome"], first["exit"], first["run_id"]) == ("done", 0, "20260101-030000")
    assert first["due"] < first["started"] < first["ended"] <= second["started"]
    assert "Marquee" in Path(first["output"]).read_text()


def test_sigterm_interrupts_the_run_which_goes_on_at_the_next_start(schedules):
    process = schedules.start("long")
    until(lambda: "begin" in schedules.seen())
    status, _ = stop(process)

    assert status == 0
    assert schedules.seen() == ["begin", "interrupted"]
    [interrupted] = schedules.log()
    assert (interrupted["outcome"], interrupted["exit"]) == ("interrupted", 1)

    again = schedules.start("quick")
    until(lambda: len(schedules.log()) >= 2)
    stop(again)
    assert schedules.log()[1]["due"] == interrupted["due"]
    assert schedules.log()[1]["outcome"] == "done"


def test_kill_9_takes_the_run_along_and_a_restart_says_so_and_makes_up_for_it(schedules):
    process = schedules.start("long")
    until(lambda: "begin" in schedules.seen())
    process.kill()
    process.wait()
    until(lambda: "interrupted" in schedules.seen())

    again = schedules.start("quick")
    until(lambda: len(schedules.log()) >= 2)
    _, output = stop(again)

    assert "was interrupted when the schedule died" in output
    died, made_up = schedules.log()[:2]
    assert (died["outcome"], died["message"], died["run_id"]) == (
        "interrupted",
        "the schedule died",
        "20260101-030000",
    )
    assert (made_up["outcome"], made_up["due"]) == ("done", died["due"])


def test_a_second_schedule_is_refused_and_told_by_whom(schedules):
    first = schedules.start("long")
    until(lambda: "begin" in schedules.seen())
    second = schedules.start("quick")
    output, _ = second.communicate(timeout=30)

    assert second.returncode == 1
    assert f"in use by another schedule (process {first.pid})" in output


def test_a_schedule_waits_for_a_run_by_hand(schedules):
    with Workspace(schedules.root).lock():
        process = schedules.start("quick")
        until(lambda: (schedules.root / "schedule.json").exists())
        time.sleep(1.2)
        assert schedules.seen() == []
    until(lambda: schedules.log())
    stop(process)
    assert schedules.log()[0]["outcome"] == "done"


@pytest.mark.parametrize(("how", "status"), [("fail", 1), ("crash", -signal.SIGSEGV)])
def test_a_run_that_fails_or_crashes_calls_its_hook_and_the_schedule_goes_on(schedules, how, status):
    report = schedules.root / "report"
    process = schedules.start(
        how, on_failure=f"cat > {report}; echo $MARQUEE_EXIT $MARQUEE_OUTCOME >&2; exit 3"
    )
    until(lambda: len(schedules.log()) >= 2)
    ended, output = stop(process)

    assert ended == 0, output
    first = schedules.log()[0]
    assert (first["outcome"], first["exit"]) == ("failed", status)
    assert first["hook"].endswith(f"exit status 3: {status} failed")
    told = json.loads(report.read_text())
    assert (told["outcome"], told["exit"]) == ("failed", status)
    assert told["workspace"] == str(schedules.root)
    if how == "fail":
        assert first["message"] == "no data\nname some"


def test_a_refused_model_is_an_outcome_of_its_own_with_a_hook_and_what_was_judged(schedules):
    told, environment = schedules.root / "told", schedules.root / "environment"
    process = schedules.start(
        "refuse",
        on_success=f"touch {schedules.root / 'success'}",
        on_refused=f"cat > {told}; echo $MARQUEE_OUTCOME $MARQUEE_BLESSED $MARQUEE_EXIT > {environment}",
        on_failure=f"touch {schedules.root / 'failure'}",
    )
    until(lambda: len(schedules.log()) >= 1)
    _, output = stop(process)

    run = schedules.log()[0]
    assert (run["outcome"], run["exit"], run["blessed"], run["pushed"]) == ("refused", 3, False, None)
    assert run["metrics"] == {"ranking": {"rmse": 0.9}, "retrieval": {"ndcg@10": 0.1}}
    assert run["message"] == "ndcg@10 0.1 is worse"
    assert "refused: ndcg@10 0.1 is worse" in output
    assert environment.read_text() == "refused false 3\n"
    assert json.loads(told.read_text())["summary"]["blessed"] is False
    assert not (schedules.root / "success").exists()
    assert not (schedules.root / "failure").exists()


def test_a_run_that_does_not_end_when_asked_is_killed(tmp_path):
    class Stop:
        """Set once the child ignores SIGTERM."""

        def wait(self, seconds):
            time.sleep(seconds)
            return (tmp_path / "deaf").exists()

    code = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "open(sys.argv[1], 'w'); time.sleep(60)"
    )
    command = (sys.executable, "-c", code, str(tmp_path / "deaf"))
    assert run_child(command, tmp_path / "output", Stop(), patience=0.2) == -signal.SIGKILL


def test_a_program_that_is_gone_is_a_failed_run(tmp_path):
    assert run_child(("/no/such/marquee", "run"), tmp_path / "output", threading.Event()) == 127
    assert (tmp_path / "output").read_text() == "error: /no/such/marquee: No such file or directory\n"


def marquee(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli.app", *arguments],
        cwd=PACKAGES,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def test_once_is_a_real_run_with_log_and_hook_and_its_exit_status(tmp_path):
    answer = marquee(
        "schedule", "--once", "--config", "smoke", "--data", "/does/not/exist",
        "--workspace", str(tmp_path), "--on-failure", f"cat > {tmp_path / 'report'}",
    )  # fmt: skip

    assert answer.returncode == 1, answer.stderr
    [run] = [json.loads(line) for line in (tmp_path / "logs" / "schedule.jsonl").read_text().splitlines()]
    assert (run["outcome"], run["exit"]) == ("failed", 1)
    assert "/does/not/exist does not exist" in run["message"]
    assert (tmp_path / "logs" / f"run-{run['run_id']}.log").exists()
    assert json.loads((tmp_path / "report").read_text())["run_id"] == run["run_id"]


def test_once_skips_while_another_run_has_the_workspace(tmp_path):
    with Workspace(tmp_path).lock():
        answer = marquee("schedule", "--once", "--missed", "skip", "--workspace", str(tmp_path))

    assert answer.returncode == 0
    assert f"skipped: the workspace was in use by process {os.getpid()}" in answer.stdout


def test_of_those_that_run_once_one_waits_for_another_and_no_more(tmp_path):
    (tmp_path / "run.py").write_text(RUN)
    command = [
        sys.executable,
        "-c",
        ONCE,
        str(tmp_path),
        sys.executable,
        str(tmp_path / "run.py"),
        str(tmp_path),
    ]
    log = tmp_path / "logs" / "schedule.jsonl"

    def outcomes():
        return [json.loads(line)["outcome"] for line in log.read_text().splitlines()] if log.exists() else []

    with Workspace(tmp_path).lock():
        calls = [subprocess.Popen([*command, "quick"], cwd=PACKAGES) for _ in range(3)]
        until(lambda: outcomes() == ["skipped", "skipped"])
        assert "waits already for the workspace" in log.read_text()
    assert [call.wait(60) for call in calls] == [0, 0, 0]
    assert outcomes() == ["skipped", "skipped", "done"]

    calls = [subprocess.Popen([*command, "quick"], cwd=PACKAGES) for _ in range(2)]
    assert [call.wait(60) for call in calls] == [0, 0]
    assert outcomes()[3:] == ["done", "done"]  # one after the other, and none found the workspace in use


def test_data_of_ones_own_is_scheduled_as_it_is_run(tmp_path):
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("user_id,movie_id,rating\n1,2,3\n")
    answer = marquee(
        "schedule", "--cron", "0 3 * * *", "--print", "systemd",
        "--data", str(ratings), "--set", "data.dataset=custom", "--no-tune", "--on-refused", "true",
        "--workspace", str(tmp_path / "space"),
        env={**os.environ, "TZ": "America/New_York"},
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
    assert "OnCalendar=*-*-* 03:00:00 America/New_York\n" in answer.stdout
    assert f"--on-refused true --workspace {tmp_path / 'space'} --data {ratings}" in answer.stdout


def test_a_disk_that_takes_nothing_is_told_in_a_line(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "schedule.jsonl").mkdir()
    with pytest.raises(MarqueeError, match=r"schedule\.jsonl: Is a directory"):
        run_once(ScheduleRequest(Workspace(tmp_path), ("true",)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cron", "0 25 * * *"], "hour takes 0 to 23"),
        (["--cron", ""], "has 0 fields"),
        (["--cron", "0 3 * * *", "--config", "nothing"], "no configuration is called 'nothing'"),
        (["--cron", "0 3 * * *", "--set", "ranking.train.epochs=no"], "ranking.train.epochs"),
        (["--cron", "0 3 * * *", "--set", "data.dataset=custom"], "custom needs a path"),
        (["--cron", "0 3 * * *", "--confg", "smoke"], "No such option: --confg"),
        (["--cron", "0 3 * * *", "--once"], "not both"),
        ([], "say when"),
    ],
)
def test_a_mistake_is_found_at_once_and_not_at_three_in_the_morning(tmp_path, arguments, message):
    answer = marquee("schedule", *arguments, "--workspace", str(tmp_path))

    assert answer.returncode != 0
    assert message in answer.stderr
    assert not list(tmp_path.iterdir())
