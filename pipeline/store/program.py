"""What a user has to type to call Marquee again, for the commands that are printed."""

import os
import shlex
import shutil
import sys
from pathlib import Path

DEFAULT_WORKSPACE = Path("workspace")


def command(*arguments: str | Path, workspace: Path | None = None) -> str:
    """A command that works when pasted into a shell, as every hint must.

    Args:
        arguments: of the command; a placeholder in capitals is for the reader to fill in.
        workspace: the folder that the command is to look at; the default one is not named.
    """
    words = [str(each) for each in arguments]
    return f"{program()} {shlex.join([*words, *workspace_option(workspace)])}"


def push_first(models: Path) -> str:
    """What to do where a folder of served models is empty; names the workspace that the folder is in."""
    workspace = models.parent if models.name == "serving_models" else None
    return f"Push one first: {command('run', workspace=workspace)}"


def program() -> str:
    """The shortest name that calls this installation, quoted for a shell.

    `marquee` where that is what PATH finds, or Marquee was not called by its script; otherwise the path of
    the script, such as `.venv/bin/marquee`.
    """
    called, on_path = sys.argv[0], shutil.which("marquee")
    if os.path.basename(called) != "marquee":
        return "marquee"
    if on_path and os.path.realpath(on_path) == os.path.realpath(called):
        return "marquee"
    return shlex.quote(_short(called))


def workspace_option(workspace: Path | None) -> list[str]:
    """`["--workspace", FOLDER]`; nothing for the default folder, which no command needs to be told."""
    if workspace is None or Path(workspace) == DEFAULT_WORKSPACE:
        return []
    return ["--workspace", str(workspace)]


def program_path() -> tuple[str, ...]:
    """How another process calls Marquee, from any folder: this very installation, whatever is on PATH."""
    called = os.path.abspath(sys.argv[0])
    if os.path.basename(called) == "marquee":
        return (called,)
    return (sys.executable, "-m", "pipeline.cli.app")


def _short(path: str) -> str:
    """The path from here where that leads down, else the absolute one."""
    absolute = os.path.abspath(path)
    relative = os.path.relpath(absolute)
    return absolute if relative.startswith("..") else relative
