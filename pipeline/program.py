"""What a user has to type to call Marquee again, for the commands that are printed."""

import os
import shutil
import sys


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
