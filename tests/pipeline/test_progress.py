import io
import logging
import sys

from rich.console import Console

from pipeline.progress import NodeProgress
from pipeline.runner import NodeEvent


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
