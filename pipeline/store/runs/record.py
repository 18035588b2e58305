"""Record of a run, `run.json`: its command, machine and end, which ML Metadata does not store."""

import importlib.metadata
import json
import os
import platform
import shlex
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from marquee.whole_file import write_whole
from pipeline.store.workspace import Workspace

FILE = "run.json"
End: TypeAlias = Literal["done", "failed", "interrupted"]
PACKAGES = (
    "marquee", "tensorflow", "keras", "tfx", "tensorflow-transform", "tensorflow-data-validation",
    "tensorflow-model-analysis", "keras-tuner", "keras-rs", "apache-beam", "ml-metadata", "tfx-bsl", "numpy",
    "pyarrow", "protobuf", "scikit-learn", "altair", "vl-convert-python",
)  # fmt: skip
_CODE = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class RunRecord:
    """Record that a run writes of itself.

    Args:
        run_id: id of the run.
        started: start in Unix seconds.
        folder: folder in which the command was given.
        command: command that resumes the run, also after a failure; `--from-node` is not in it.
        config: whole configuration with overrides applied.
        versions: versions of Python and of the packages that affect results.
        git: `revision`, and whether files were `changed` since; None outside a checkout.
        machine: `system`, `processor`, `cores`, `memory_gib`, `gpus`.
        state: present state of the run.
        failed_node, message: node and error that stopped it; empty if nothing has.
        seconds: duration in seconds.
        from_node: node at which it was told to begin; empty for the first node.
        overrides: options given in addition to the configuration: `a.b=1`, `--no-tune`, `--data …`.
    """

    run_id: str
    started: float
    folder: str
    command: str
    config: dict[str, Any]
    versions: dict[str, str]
    git: dict[str, Any] | None
    machine: dict[str, Any]
    state: Literal["running"] | End = "running"
    failed_node: str = ""
    message: str = ""
    seconds: float | None = None
    from_node: str = ""
    overrides: tuple[str, ...] = ()

    @classmethod
    def begin(
        cls,
        run_id: str,
        program: str,
        command: tuple[str, ...],
        config: dict[str, Any],
        from_node: str | None = None,
        overrides: tuple[str, ...] = (),
    ) -> "RunRecord":
        """Records the start of a run: time, folder, versions, git revision and machine."""
        return cls(
            run_id=run_id,
            started=time.time(),
            folder=os.getcwd(),
            command=f"{program} {shlex.join(command)}",
            config=config,
            versions={"python": platform.python_version(), **_versions()},
            git=_git(),
            machine=_machine(),
            from_node=from_node or "",
            overrides=overrides,
        )

    def ended(self, state: End, failed_node: str = "", message: str = "") -> "RunRecord":
        """Returns the record with the end of the run: its state and duration, and the error if it failed."""
        return replace(
            self,
            state=state,
            failed_node=failed_node,
            message=message,
            seconds=round(time.time() - self.started, 3),
        )

    def write(self, folder: Path) -> None:
        """Writes `run.json`, atomically."""
        write_whole(folder / FILE, json.dumps(asdict(self), indent=1))


@dataclass(frozen=True)
class Failure:
    """Failure of a run: the node, its error message, and the command that resumes the run there."""

    node: str
    message: str
    command: str


def recorded(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """Returns the fields of a RunRecord that the file has; empty if it is missing or unreadable."""
    file = workspace.reports / run_id / FILE
    if not file.resolve().is_relative_to(workspace.reports.resolve()):
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return _moved(found, workspace) if isinstance(found, dict) else {}


def _moved(record: dict[str, Any], workspace: Workspace) -> dict[str, Any]:
    """Returns the record with the workspace's present folder in its command, if it was moved or copied."""
    try:
        words = shlex.split(str(record.get("command", "")))
        place = words.index("--workspace") + 1
        then = Path(str(record.get("folder", ""))) / words[place]
    except (ValueError, IndexError):
        return record
    if then.resolve() == workspace.root.resolve():
        return record
    words[place] = str(workspace.root.resolve())
    return record | {"command": shlex.join(words)}


def last_begun(workspace: Workspace) -> str:
    """Returns the id of the run that began last, such as the one under way; empty if there is no record."""
    ids = (file.parent.name for file in workspace.reports.glob(f"*/{FILE}"))
    return max(ids, key=lambda each: recorded(workspace, each).get("started", 0.0), default="")


def failure(workspace: Workspace, run_id: str) -> Failure | None:
    """Returns the failure of a run; None if it did not fail, or has no record."""
    found = recorded(workspace, run_id)
    if found.get("state") != "failed":
        return None
    return Failure(*(str(found.get(name, "")) for name in ("failed_node", "message", "command")))


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _git() -> dict[str, Any] | None:
    """Returns the git state of the checkout that holds this code, not of the user's current folder."""
    if not (_CODE / ".git").exists():
        return None
    revision = _output("git", "-C", str(_CODE), "rev-parse", "HEAD")
    changes = _output("git", "-C", str(_CODE), "status", "--porcelain", "--untracked-files=no")
    return {"revision": revision, "changed": bool(changes)} if revision else None


def _machine() -> dict[str, Any]:
    gpus = _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "gpus": gpus.splitlines(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _output(*command: str) -> str:
    """Returns the output of a program; empty if it is missing, fails, or takes too long."""
    if not shutil.which(command[0]):
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
