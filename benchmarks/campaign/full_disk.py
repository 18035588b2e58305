"""Full disk, at each node of a run in turn."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from benchmarks.campaign.process import kill, start
from benchmarks.campaign.record import Record
from benchmarks.campaign.workspace_faults import Inspector

_SMALL = ("run", "--config", "smoke", "--no-tune", "--set", "data.max_users=100")
_SIZE_MIB = 1024
_LEFT_KIB = 24  # that the node under test may still write: less than any node writes
_PATIENCE = 900.0


def full_disk(out: Path, console: Console) -> Record:
    """Runs a pipeline whose disk is full at its first node, then at its second, and so on to the last.

    The workspace lies on a memory disk of its own. Before each trial, `--to-node` brings the run to the
    previous node, and then a file fills the disk but for a few KiB. The trial must end with one message that
    says that the disk is full, without a traceback. After the file is deleted, the same command must succeed.

    Raises:
        SystemExit: a memory disk cannot be mounted; mounting needs root, or CAP_SYS_ADMIN.
    """
    record = Record(out / "full-disk.jsonl")
    with _memory_disk(out / "full-disk") as disk:
        workspace, printed = disk / "workspace", out / "full-disk.out"
        inspector = Inspector(workspace)
        nodes = _nodes(workspace, printed)
        for place, node in enumerate(nodes):
            before = ("--to-node", nodes[place - 1]) if place else ("--to-node", nodes[0])
            changed = ("--set", f"data.split={{kind: random, seed: {2000 + place}, eval: 0.1, test: 0.1}}")
            if place:
                _run(workspace, printed, *_SMALL, *changed, *before)
            faults = []
            with _filled(disk):
                code, said = _run(workspace, printed, *_SMALL, *changed)
                if code == 0:
                    faults.append("the run ended well though nothing could be written")
                if "Traceback" in said:
                    faults.append(f"a traceback: {said[said.index('Traceback') :][:600]}")
                if not _message(said):
                    faults.append(f"nothing says that the disk is full: {said[-400:]}")
            faults += inspector.faults(at_rest=False)
            code, resumed = _run(workspace, printed, *_SMALL, *changed)
            if code:
                faults.append(f"with room again, the run ended with {code}: {resumed[-600:]}")
            faults += inspector.faults(at_rest=True)
            record.add(faults, node=node, said=_message(said))
            console.print(
                f"{place + 1} of {len(nodes)}: full at {node}, {len(faults)} faults: {_message(said)}"
            )
    return record


def _nodes(workspace: Path, printed: Path) -> list[str]:
    """Returns the nodes of a whole run, in order."""
    code, said = _run(workspace, printed, *_SMALL)
    if code:
        raise SystemExit(f"the run with room enough failed:\n{said}")
    return re.findall(r"✓ +\d+ of \d+ +(\w+)", said)


def _run(workspace: Path, printed: Path, *command: str) -> tuple[int, str]:
    process = start(workspace, *command, output=printed)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        kill(process)
    return process.returncode, printed.read_text(errors="replace")


def _message(said: str) -> str:
    """Returns the line that says that the disk is full, or an empty string."""
    full = re.compile(r"no space|disk is full|disk full|space left", re.IGNORECASE)
    return next((line.strip()[:200] for line in said.splitlines() if full.search(line)), "")


@contextmanager
def _memory_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE_MIB}m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False).returncode:
        raise SystemExit(f"{folder}: a memory disk cannot be mounted; full-disk needs root.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
    """Leaves `_LEFT_KIB` of free space on a disk while the block runs."""
    ballast = disk / "ballast"
    try:
        # Unbuffered, because a buffer that could not be written would be tried again when the file is closed.
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 4096)
        with ballast.open("r+b") as file:
            file.truncate(max(0, ballast.stat().st_size - _LEFT_KIB * 1024))
        yield
    finally:
        ballast.unlink(missing_ok=True)
