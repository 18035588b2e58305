"""Runs that receive SIGTERM, at each node in turn, and are resumed."""

import re
import subprocess
import time
from pathlib import Path

from rich.console import Console

from benchmarks.campaign.process import kill, start
from benchmarks.campaign.record import Record
from benchmarks.campaign.workspace_faults import Inspector

#: Tuners are included, because their trials are the longest work that a signal can interrupt.
_COMMAND = ("run", "--config", "smoke")
_INTO = 2.0  # seconds into a node; if it is over by then, the signal meets the next one
_LIMIT = 20.0  # seconds within which an interrupted run must end
_PATIENCE = 1800.0


def interruptions(out: Path, console: Console) -> Record:
    """Sends SIGTERM two seconds into the first node of a run, resumes it, then into its second, and so on.

    An interrupted run must end within 20 seconds with one message, without a traceback, and with a status
    that is not 0. The last run is not interrupted, and must succeed.

    Args:
        out: folder of the workspace and the record.
    """
    record = Record(out / "interruptions.jsonl")
    workspace, printed = out / "interruptions-workspace", out / "interruptions.out"
    inspector = Inspector(workspace)
    number = len(record)
    while True:
        process = start(workspace, *_COMMAND, output=printed)
        if not _reaches(process, printed, number):
            break
        begin = time.monotonic()
        process.terminate()
        faults = []
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            kill(process)
        seconds = time.monotonic() - begin
        said = printed.read_text(errors="replace")
        if seconds > _LIMIT:
            faults.append(f"the run took {seconds:.1f} s to end")
        # After the last node, only the report is left to interrupt.
        told = "error: interrupted" in said if process.returncode else "report was not written" in said
        if "Traceback" in said or not told:
            faults.append(f"the run ended with {process.returncode}: {said[-600:]}")
        faults += inspector.faults(at_rest=False)
        finished = _finished(printed)
        record.add(faults, after=finished[-1] if finished else "", seconds=round(seconds, 2))
        console.print(
            f"{number + 1}: after {len(finished)} nodes, ended in {seconds:.1f} s, {len(faults)} faults"
        )
        number += 1
    said = printed.read_text(errors="replace")
    faults = [f"the last run ended with {process.returncode}: {said[-600:]}"] if process.returncode else []
    record.add([*faults, *inspector.faults(at_rest=True)], after="the last node", seconds=0.0)
    return record


def _reaches(process: subprocess.Popen, printed: Path, nodes: int) -> bool:
    """Waits until a run is two seconds past its first `nodes` nodes; returns False if it ends before."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if len(_finished(printed)) >= nodes and "run " in printed.read_text(errors="replace"):
            try:
                process.wait(_INTO)
            except subprocess.TimeoutExpired:
                return True
            return False
        time.sleep(0.05)
    return False


def _finished(printed: Path) -> list[str]:
    """Returns the nodes that a run has finished or reused, in order."""
    return re.findall(r"✓ +\d+ of \d+ +(\w+)", printed.read_text(errors="replace"))
