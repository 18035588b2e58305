"""Formatting of printed paths."""

from pathlib import Path


def near_path(path: str) -> str:
    """Returns the path relative to the working folder if it is below it."""
    below = Path(path).is_relative_to(Path.cwd())
    return str(Path(path).relative_to(Path.cwd())) if below else path
