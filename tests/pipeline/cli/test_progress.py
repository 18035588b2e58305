import io
import logging
import os
import re
import subprocess
import sys
import time

import pytest
from rich.console import Console

from marquee.progress import report, report_step
from pipeline.cli.terminal.console import chatter_to, log_line, native_chatter_dropped
from pipeline.cli.terminal.progress import NodeProgress
from pipeline.execution.runner import NodeEvent


def test_a_terminal_shows_the_nodes_and_nothing_that_others_print(capsys):
    shown = io.StringIO()
    with NodeProgress(Console(file=shown, force_terminal=True, width=80)) as progress:
        progress.started(NodeEvent("Transform", 4, 13))
        print("chatter on standard output")
        print("chatter on standard error", file=sys.stderr)
        logging.getLogger("absl").warning("a warning of absl")
        progress.finished(NodeEvent("Transform", 4, 13, seconds=1.5))

    assert "4 of 13  Transform" in shown.getvalue()
    assert "chatter" not in shown.getvalue()
    assert capsys.readouterr().out == "chatter on standard output\n"


def test_a_long_quiet_is_broken_by_a_line_and_the_log_has_each_start_and_end():
    shown, logged = io.StringIO(), []
    with NodeProgress(Console(file=shown), log=logged.append, quiet=0.1) as progress:
        progress.started(NodeEvent("RankingTrainer", 5, 13))
        report("epoch 1 of 15, rmse on eval 0.9368", 1 / 15)
        report_step("epoch 2 of 15, step 40 of 400")
        time.sleep(0.35)
        progress.finished(NodeEvent("RankingTrainer", 5, 13, seconds=1.5))
        progress.started(NodeEvent("RetrievalTrainer", 6, 13))
        progress.finished(NodeEvent("RetrievalTrainer", 6, 13, cached=True))

    where = "epoch 1 of 15, rmse on eval 0.9368; epoch 2 of 15, step 40 of 400"
    still = f"RankingTrainer: still running, 0 min, {where}"
    assert still in shown.getvalue().splitlines()
    assert logged[0] == "RankingTrainer started, 5 of 13"
    assert still in logged
    assert logged[-3:] == [
        "RankingTrainer done, 1.5 s",
        "RetrievalTrainer started, 6 of 13",
        "RetrievalTrainer taken from the cache",
    ]


def test_an_interruption_is_seen_at_every_step():
    def check():
        raise KeyboardInterrupt

    with NodeProgress(Console(file=io.StringIO()), check), pytest.raises(KeyboardInterrupt):
        report_step("epoch 2 of 15, step 40 of 400")


def test_each_line_of_the_log_has_a_time_and_nothing_else_reaches_the_terminal(tmp_path, capfd):
    with chatter_to(tmp_path / "run.log"):
        os.write(2, b"from C++\nand half")
        os.write(1, b" a line\n")
        log_line("RankingTrainer started")
        subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)

    lines = (tmp_path / "run.log").read_text().splitlines()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d .*", line) for line in lines)
    assert [line[20:] for line in lines] == [
        "from C++",
        "and half a line",
        "marquee: RankingTrainer started",
        "from a child",
    ]
    assert capfd.readouterr() == ("", "")


def test_what_logs_while_native_chatter_is_dropped_can_log_ever_after(capfd):
    handler = logging.StreamHandler()
    with native_chatter_dropped():
        handler.setStream(sys.stderr)
        os.write(2, b"from C++\n")
    handler.emit(logging.LogRecord("absl", logging.WARNING, "", 0, "later", None, None))

    assert capfd.readouterr().err == "later\n"
