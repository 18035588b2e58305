"""Builds the shell commands that hints print, as a user has to type them."""

import os
import shlex
import shutil
import sys
from pathlib import Path

DEFAULT_WORKSPACE = Path("workspace")


def command(*arguments: str | Path, workspace: Path | None = None) -> str:
    """Returns a Marquee command that works when pasted into a shell, as every hint must.

    Args:
        arguments: arguments of the command; the reader fills in placeholders in capitals.
        workspace: workspace folder of the command; the default one is left out.
    """
    words = [str(each) for each in arguments]
    return f"{program()} {shlex.join([*words, *workspace_option(workspace)])}"


def push_first(models: Path) -> str:
    """Returns the hint for an empty folder of served models; it names the folder's workspace."""
    workspace = models.parent if models.name == "serving_models" else None
    return f"Push one first: {command('run', workspace=workspace)}"


def program() -> str:
    """Returns the shortest name that calls this installation, quoted for a shell.

    This is `marquee` if PATH finds this installation by that name, or if Marquee was not called by its
    script. Otherwise it is the path of the script, such as `.venv/bin/marquee`.
    """
    called, on_path = sys.argv[0], shutil.which("marquee")
    if os.path.basename(called) != "marquee":
        return "marquee"
    if on_path and os.path.realpath(on_path) == os.path.realpath(called):
        return "marquee"
    return shlex.quote(_short(called))


def workspace_option(workspace: Path | None) -> list[str]:
    """Returns `["--workspace", FOLDER]`; an empty list for the default folder."""
    if workspace is None or Path(workspace) == DEFAULT_WORKSPACE:
        return []
    return ["--workspace", str(workspace)]


def program_path() -> tuple[str, ...]:
    """Returns the command by which a process calls this installation, from any folder and with any PATH."""
    called = os.path.abspath(sys.argv[0])
    if os.path.basename(called) == "marquee":
        return (called,)
    return (sys.executable, "-m", "pipeline.cli.app")


def _short(path: str) -> str:
    """Returns the path relative to the current folder if it is below it, else the absolute path."""
    absolute = os.path.abspath(path)
    relative = os.path.relpath(absolute)
    return absolute if relative.startswith("..") else relative
