"""Paths as they are printed."""

from pathlib import Path


def near_path(path: str) -> str:
    """Relative to the working folder where it is below that."""
    below = Path(path).is_relative_to(Path.cwd())
    return str(Path(path).relative_to(Path.cwd())) if below else path
