"""`marquee` as a separate process in a workspace, started as an operator would."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start(workspace: Path, *arguments: str, output: Path) -> subprocess.Popen:
    """Starts `marquee ARGUMENTS` in a process group of its own; its output goes to the file `output`."""
    environment = {**os.environ, "MARQUEE_WORKSPACE": str(workspace), "COLUMNS": "140"}
    with output.open("w") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli.app", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def kill(process: subprocess.Popen) -> None:
    """Ends a process and everything that it started with kill -9, as a power cut would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def served(models: Path, output: Path) -> Iterator[tuple[subprocess.Popen, str, str]]:
    """Runs `marquee serve` on a folder of models.

    Yields:
        The process, its REST address (`http://host:port`) and its gRPC address (`host:port`).
    """
    ports = ("--rest-port", "0", "--grpc-port", "0")
    process = start(
        models.parent, "serve", "--models", str(models), "--binary", "embedded", *ports, output=output
    )
    try:
        yield process, *_addresses(process, output)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            kill(process)


def memory_mib(process: subprocess.Popen) -> float:
    """Returns the resident memory of a process, in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024


def _addresses(process: subprocess.Popen, output: Path, patience: float = 120.0) -> tuple[str, str]:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := re.search(r"REST (\S+) +gRPC (\S+)", output.read_text()):
            return found.group(1), found.group(2)
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"marquee serve did not start:\n{output.read_text()}")
