import json
import threading

import pytest

from marquee.errors import ConfigError, MarqueeError
from pipeline.cli.run import RunRequest, run
from pipeline.store.runs.filter import RunFilter, moment
from pipeline.store.runs.labels import Labels, label, labels
from pipeline.store.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "w")


def test_tags_and_a_note_are_added_changed_and_taken_away(workspace):
    assert labels(workspace, "r1") == Labels()
    label(workspace, "r1", ["good", "slow", "good"], note=" tried dim 64 ")
    assert labels(workspace, "r1") == Labels(("good", "slow"), "tried dim 64")
    label(workspace, "r1", ["v2/x"], remove=["slow", "never"])
    assert labels(workspace, "r1") == Labels(("good", "v2/x"), "tried dim 64")
    assert label(workspace, "r1", note="") == Labels(("good", "v2/x"))


@pytest.mark.parametrize("tag", ["", "two words", "a" * 65, "a\nb", "<b>"])
def test_what_cannot_be_a_tag_changes_nothing(workspace, tag):
    with pytest.raises(MarqueeError, match="cannot be a tag"):
        label(workspace, "r1", ["good", tag])
    assert labels(workspace, "r1") == Labels()


def test_of_many_who_tag_a_run_at_once_none_is_lost(workspace):
    threads = [threading.Thread(target=label, args=(workspace, "r1", [f"t{n}"])) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(labels(workspace, "r1").tags) == {f"t{n}" for n in range(20)}


def test_a_damaged_file_is_no_labels_and_can_be_written_again(workspace):
    file = workspace.reports / "r1" / "labels.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    assert labels(workspace, "r1") == Labels()
    label(workspace, "r1", ["a"])
    assert json.loads(file.read_text()) == {"tags": ["a"], "note": ""}


def rows():
    return [
        {"run": "r3", "tags": ["a", "b"], "state": "failed", "started": 300.0, "pipeline": "smoke"},
        {"run": "r2", "tags": ["a"], "state": "done", "started": 200.0, "pipeline": "films"},
        {"run": "r1", "tags": [], "state": "done", "started": 100.0, "pipeline": "smoke"},
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RunFilter(), ["r3", "r2", "r1"]),
        (RunFilter(tags=("a",)), ["r3", "r2"]),
        (RunFilter(tags=("a", "b")), ["r3"]),
        (RunFilter(status="done", config="smoke"), ["r1"]),
        (RunFilter(since=200.0), ["r3", "r2"]),
        (RunFilter(config="smoke", limit=1), ["r3"]),
    ],
)
def test_runs_are_chosen_by_all_that_is_asked_of_them(wanted, found):
    assert [row["run"] for row in wanted.chosen(rows())] == found


def test_times_are_dates_or_so_long_ago(monkeypatch):
    assert moment("2026-11-01T08:30+00:00") == 1793521800.0
    assert moment("2d") == pytest.approx(moment("48h"), abs=5)
    with pytest.raises(ConfigError, match=r"'yesterday' is no time\nsuch as"):
        moment("yesterday")


def test_a_time_before_1970_is_1970_and_one_that_no_calendar_has_is_refused():
    assert moment("999999d") == moment("1900-01-01") == 0.0
    assert "begun since" not in RunFilter.of([], since="999999w").words
    with pytest.raises(ConfigError, match="is no time"):
        moment("9999-12-31T23:59-23:00")


def test_a_note_that_is_too_long_is_noticed_before_a_run_begins(workspace):
    with pytest.raises(MarqueeError, match="the note has 2,001 letters"):
        run(RunRequest(None, workspace, note="x" * 2001))
    assert not list(workspace.reports.glob("*"))
    assert not list(workspace.logs.glob("*"))
