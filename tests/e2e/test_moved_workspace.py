"""A workspace that is copied elsewhere, in a terminal: what is reused, what works there, what is shown."""

import os
import pty
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from pipeline.store.metadata.lineage import Lineage
from tests.marquee_process import states


@pytest.fixture(scope="module")
def moved(finished, tmp_path_factory):
    """The command line on a copy of a workspace, what a terminal showed of a run there, the old workspace."""
    marquee, _ = finished
    copy = tmp_path_factory.mktemp("moved") / "another" / "space"
    shutil.copytree(marquee.workspace, copy)
    there = replace(marquee, workspace=copy)
    return there, in_a_terminal(there, "run", "--config", "smoke"), marquee.workspace


def in_a_terminal(marquee, *arguments):
    """What a pseudo-terminal of 140 columns shows, escape sequences left out."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "MARQUEE_GROUPLENS_URL": "http://127.0.0.1:9/",
        "MARQUEE_WORKSPACE": str(marquee.workspace),
        "COLUMNS": "140",
        "TERM": "xterm-256color",
    }
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli.app", *arguments],
        cwd=marquee.code,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while True:
            try:
                received = os.read(ours, 1 << 16)
            except OSError:  # nobody holds the other end any more
                break
            if not received:
                break
            shown += received
        assert process.wait(60) == 0, shown.decode(errors="replace")
    finally:
        process.kill()
        os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode(errors="replace"))


def test_in_a_terminal_nothing_but_our_own_lines_appears(moved):
    there, shown, _ = moved
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", shown) if line.strip()]
    run = Lineage(there.workspace / "metadata.db").run()
    log = (there.workspace / "logs" / f"run-{run.run_id}.log").read_text().splitlines()
    theirs = {line[20:60].strip() for line in log if not line[20:].startswith("marquee: ")} - {""}

    assert "Marquee" in lines[0]
    assert any("ArtifactQuery" in text for text in theirs)  # what used to be drawn over the terminal
    assert not [text for text in theirs if text in shown]
    for alien in ("WARNING", "absl", "TF_USE_LEGACY_KERAS", "tensorflow", "Traceback", "deprecated"):
        assert alien not in shown


def test_a_copied_workspace_is_reused_and_not_run_again(moved):
    there, shown, old = moved
    run = Lineage(there.workspace / "metadata.db").run()

    assert set(states(run).values()) == {"cached"}
    uris = [artifact.uri for node in run.nodes.values() for artifact in node.outputs.values()]
    assert all(uri.startswith(f"{there.workspace}/") for uri in uris)
    assert str(old) not in shown


def test_lineage_report_and_bulk_work_there(moved, tmp_path):
    there, _, old = moved
    lineage = there("lineage", "recommender/1", "--json")
    assert lineage.returncode == 0, lineage.output
    assert str(old) not in lineage.output

    report = there("report")
    assert report.returncode == 0, report.output

    bulk = there("bulk", "--out", str(tmp_path / "out"))
    assert bulk.returncode == 0, bulk.output


def test_the_log_has_a_time_on_each_line_and_the_start_and_end_of_each_node(moved):
    there, _, _ = moved
    run = Lineage(there.workspace / "metadata.db").run()
    lines = (there.workspace / "logs" / f"run-{run.run_id}.log").read_text().splitlines()

    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", line) for line in lines)
    text = "\n".join(lines)
    for node in run.nodes:
        assert f"marquee: {node} started" in text
        assert f"marquee: {node} taken from the cache" in text
    assert "the workspace was moved or copied" in text
