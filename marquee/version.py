"""Marquee's own version."""

import importlib.metadata
import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def version() -> str:
    """The version in pyproject.toml, which stands beside the code; else that of what is installed."""
    try:
        project: dict[str, str] = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
        return project["version"]
    except FileNotFoundError:
        return importlib.metadata.version("marquee")
