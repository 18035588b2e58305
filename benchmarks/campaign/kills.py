"""Runs that are killed at a random moment, and resumed."""

import random
import re
import subprocess
import time
from pathlib import Path

from rich.console import Console

from benchmarks.campaign.process import kill, start
from benchmarks.campaign.record import Record
from benchmarks.campaign.workspace_faults import Inspector

#: A small run consists mostly of nodes that begin and end, and that is where a kill can do damage.
_SMALL = ("run", "--config", "smoke", "--no-tune", "--set", "data.max_users=100")
_PATIENCE = 900.0  # seconds for a run that is not killed


def kills(times: int, out: Path, seed: int, console: Console) -> Record:
    """Kills `times` runs with kill -9, each at a random moment, and resumes each with the same command.

    Every run has new work to do: another seed of the training, and in every third run another split, so that
    every node works. The workspace is inspected after the kill, and again after the resumed run.

    Args:
        times: number of trials in all, including those of earlier sessions.
        out: folder of the workspace and the record.
        seed: random seed of the moments.
    """
    record = Record(out / "kills.jsonl")
    workspace, printed = out / "kills-workspace", out / "kills.out"
    inspector = Inspector(workspace)
    whole = record.trials[-1]["whole"] if record.trials else 0.0
    if not whole:  # a first run, which shows how long a run takes
        whole = _seconds(workspace, printed, *_SMALL)
    for number in range(len(record), times):
        moment = random.Random(seed * 1_000_003 + number).uniform(0.5, whole)
        command = (*_SMALL, *_changed(number))
        process = start(workspace, *command, output=printed)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            kill(process)
        killed_in = _under_way(printed) if process.returncode else ""
        faults = inspector.faults(at_rest=False)
        begin = time.monotonic()
        process = start(workspace, *command, output=printed)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            kill(process)
            faults.append(f"the resumed run did not end within {_PATIENCE:.0f} s")
        said = printed.read_text(errors="replace")
        if process.returncode:
            faults.append(f"the resumed run ended with {process.returncode}: {said[-600:]}")
        if "Traceback" in said:
            faults.append(f"a traceback: {said[said.index('Traceback') :][:600]}")
        faults += inspector.faults(at_rest=True)
        seconds = time.monotonic() - begin
        record.add(
            faults, moment=round(moment, 2), killed_in=killed_in, resumed=round(seconds, 1), whole=whole
        )
        where = f"killed after {moment:.1f} s{f' in {killed_in}' if killed_in else ''}"
        console.print(f"{number + 1} of {times}: {where}, resumed in {seconds:.0f} s, {len(faults)} faults")
    return record


def _changed(number: int) -> tuple[str, ...]:
    """Returns options that make trial `number` do work that no run before it did."""
    seeds = [f"ranking.train.seed={1000 + number}", f"retrieval.train.seed={1000 + number}"]
    if number % 3 == 0:
        seeds.append(f"data.split={{kind: random, seed: {1000 + number}, eval: 0.1, test: 0.1}}")
    # A model trained with another seed is neither better nor worse: bars that compare would refuse half.
    bars = ["ranking.bless.bars={rmse: {max: 3}}", "retrieval.bless.bars={index_recall@100: {min: 0.5}}"]
    return tuple(part for setting in (*seeds, *bars) for part in ("--set", setting))


def _seconds(workspace: Path, printed: Path, *command: str) -> float:
    begin = time.monotonic()
    process = start(workspace, *command, output=printed)
    if process.wait(_PATIENCE):
        raise SystemExit(f"the first run, which nobody killed, failed:\n{printed.read_text()}")
    return round(time.monotonic() - begin, 1)


def _under_way(printed: Path) -> str:
    """Returns where a killed run was, by its output: after a node, or before the first."""
    nodes = re.findall(r"\d+ of \d+ +(\w+)", printed.read_text(errors="replace"))
    return f"after {nodes[-1]}" if nodes else "before the first node"
