"""How long a run took: the same number in the terminal, in the UI and in the report."""

import json
import time

import pytest

from pipeline.report.sections.verdict import banner
from pipeline.report.sources import Sources
from pipeline.store.duration import duration, run_seconds
from pipeline.store.metadata.lineage import Lineage, Node, Run
from pipeline.store.runs.facts import described
from pipeline.store.runs.rows import row
from pipeline.store.workspace import Workspace
from tests.pipeline.metadata_store import Store


def test_it_is_what_the_run_wrote_down_wherever_it_is_shown(tmp_path):
    workspace = Workspace(tmp_path)
    Store(workspace.metadata_db).run("r1").node("Gen", outputs={}).node("Trainer", outputs={})
    folder = workspace.reports / "r1"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"started": 990.0, "seconds": 63.4, "state": "done"}))
    run = Lineage(workspace.metadata_db).run("r1")

    sources = Sources.of(workspace, run)
    shown = {fact.label: fact.value for fact in banner(sources).facts}
    assert row(workspace, run)["seconds"] == described(workspace, run)["seconds"] == sources.seconds == 63.4
    assert shown["Duration"] == duration(63.4) == "1 min 3 s"


@pytest.mark.parametrize(
    ("record", "state", "expected"),
    [
        ({"started": 90.0, "seconds": 7.0}, "done", 7.0),
        ({"started": 90.0}, "interrupted", 25.0),  # killed: up to its last node's end
        ({}, "done", 15.0),  # of before anything was written down
    ],
)
def test_of_a_run_that_wrote_less_it_is_what_its_nodes_say(record, state, expected):
    nodes = {
        "Gen": Node("Gen", "cached", 0.0, 100.0, {}),
        "Trainer": Node("Trainer", "done", 5.0, 110.0, {}),
    }
    assert run_seconds(Run("r", "films", nodes), record, state) == expected


def test_a_run_under_way_has_taken_what_has_passed_since_it_began():
    assert run_seconds(Run("r", "films"), {"started": time.time() - 50}, "running") == pytest.approx(
        50, abs=5
    )
