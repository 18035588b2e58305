"""What a user has to type to call Marquee again, for the commands that are printed."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from pipeline.options import DEFAULT_WORKSPACE


def command(*arguments: str, workspace: Path | None = None) -> str:
    """A command of Marquee's to type, quoted for a shell.

    Args:
        arguments: of the command; a placeholder in capitals is for the reader to fill in.
        workspace: which it is to look at; named where it is not the default.
    """
    flags = [] if workspace is None or workspace == DEFAULT_WORKSPACE else ["--workspace", str(workspace)]
    return f"{program()} {shlex.join([*arguments, *flags])}"


def push_first(models: Path) -> str:
    """What to do where a folder of served models is empty; names the workspace that the folder is in."""
    workspace = models.parent if models.name == "serving_models" else None
    return f"Push one first: {command('run', workspace=workspace)}"


def program() -> str:
    """`marquee` where it is on PATH, else the path it was called by (`.venv/bin/marquee`)."""
    called = sys.argv[0]
    if shutil.which("marquee") or os.path.basename(called) != "marquee":
        return "marquee"
    return os.path.relpath(called)


def program_path() -> tuple[str, ...]:
    """How another process calls Marquee, from any folder: this very installation, whatever is on PATH."""
    called = os.path.abspath(sys.argv[0])
    if os.path.basename(called) == "marquee":
        return (called,)
    return (sys.executable, "-m", "pipeline.cli")
