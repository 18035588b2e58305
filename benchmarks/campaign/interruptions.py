"""A run that is told to stop at each node in turn, and goes on."""

import re
import subprocess
import time
from pathlib import Path

from rich.console import Console

from benchmarks.campaign.process import kill, start
from benchmarks.campaign.record import Record
from benchmarks.campaign.workspace_faults import Inspector

#: With the tuners, whose trials are the longest work that a signal can meet.
_COMMAND = ("run", "--config", "smoke")
_INTO = 2.0  # seconds into a node; a shorter one is over by then, and the next is met
_LIMIT = 20.0  # seconds within which a run must have ended
_PATIENCE = 1800.0


def interruptions(out: Path, console: Console) -> Record:
    """Sends SIGTERM two seconds into the first node of a run, resumes it, then into its second, and so on.

    The run must end within 20 seconds with one message, without a traceback, and a status that is not 0. The
    last time nothing interrupts it, and it must end well.

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
        # At the very end there is nothing left to interrupt but the report.
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
    """Waits until a run is two seconds past its first `nodes` nodes; False where it ends before."""
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
    """Nodes that a run has finished or reused, in order."""
    return re.findall(r"✓ +\d+ of \d+ +(\w+)", printed.read_text(errors="replace"))
